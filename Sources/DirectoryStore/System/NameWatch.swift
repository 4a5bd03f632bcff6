internal import CLinux
internal import Glibc

/// Tells whether open files may have lost or changed their names, and whether other programs have changed the contents
/// of folders (inotify(7)): by one system call for all of them, instead of one for each (statx(2)).
///
/// Used by one thread at a time.
final class NameWatch {
    /// The state of a watched file.
    final class Mark {
        fileprivate let number: CInt
        /// Whether the file has to be checked; reset by the caller after the check. Initially true: the file may have
        /// been removed before the watch began.
        var isSuspect = true

        fileprivate init(_ number: CInt) { self.number = number }
    }

    private let queue: CInt
    private var marks: [CInt: Mark] = [:]

    /// - Returns: nil if the system has no watch left for this user
    init?() {
        queue = clinux_name_watch()
        if queue < 0 { return nil }
    }

    deinit { close(queue) }

    /// Watches an open file until `remove(_:)`.
    /// - Returns: nil if it cannot be watched: there are too many (`fs.inotify.max_user_watches`), or it is already
    ///   watched
    func add(_ descriptor: CInt) -> Mark? {
        note(clinux_watch_names(queue, descriptor))
    }

    /// Watches the contents of a folder: whether a name now means another file, and whether a file was written to.
    func add(namesIn folder: String) -> Mark? { note(clinux_watch_folder(queue, folder)) }

    /// Watches whether an open folder is moved.
    func add(folder descriptor: CInt) -> Mark? { note(clinux_watch_moves(queue, descriptor)) }

    private func note(_ number: CInt) -> Mark? {
        guard number >= 0 else { return nil }
        let mark = Mark(number)
        marks[number] = mark
        return mark
    }

    func remove(_ mark: Mark) {
        clinux_unwatch_names(queue, mark.number)
        marks[mark.number] = nil
    }

    /// Reads all events until now.
    func look() {
        withUnsafeTemporaryAllocation(of: CInt.self, capacity: 256) { numbers in
            var count = 1
            while count > 0 {
                count = clinux_changed_names(queue, numbers.baseAddress, numbers.count)
                for number in numbers[..<count] { suspect(number) }
            }
        }
    }

    private func suspect(_ number: CInt) {
        if number >= 0 {
            marks[number]?.isSuspect = true
        } else {
            for mark in marks.values { mark.isSuspect = true }
        }
    }
}
