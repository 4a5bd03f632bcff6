internal import CLinux
internal import Glibc

/// Tells of open files whether they may have lost their name, or have other names than before, and of folders whether something
/// else has changed what is in them (inotify(7)): by one system call for all of them, rather than by one for each (statx(2)).
///
/// Used by one thread at a time.
final class NameWatch {
    /// What is known of a watched file.
    final class Mark {
        fileprivate let number: CInt
        /// Whether the file has to be looked at, which whoever does notes here. At first it has: it may have been removed
        /// before the watch began.
        var isSuspect = true

        fileprivate init(_ number: CInt) { self.number = number }
    }

    private let queue: CInt
    private var marks: [CInt: Mark] = [:]

    /// - Returns: nil where the system has no watch left for this user
    init?() {
        queue = clinux_name_watch()
        if queue < 0 { return nil }
    }

    deinit { close(queue) }

    /// Watches an open file until `remove(_:)`.
    /// - Returns: nil where it cannot be watched: there are too many (`fs.inotify.max_user_watches`), or it is watched already
    func add(_ descriptor: CInt) -> Mark? {
        note(clinux_watch_names(queue, descriptor))
    }

    /// Watches what is in a folder: whether a name stands for another file, and whether something has written to a file.
    func add(namesIn folder: String) -> Mark? { note(clinux_watch_folder(queue, folder)) }

    /// The same of an open folder, which may be moved.
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

    /// Notes what has happened until now.
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
