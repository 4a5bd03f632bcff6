internal import CLinux
internal import Glibc
internal import LocalFiles

extension RunDirectory {
    /// Moves the contents of another directory into this one, and syncs it (fsync(2)): folders of both are merged, a
    /// file replaces a file. If something of another kind has the name, it is moved beside that.
    func takeAll(from other: RunDirectory, except excepted: String? = nil) throws(FileFailure) {
        guard case .folder(let folder) = try other.open([]) else { return }
        for name in try folder.names() where excepted.map({ !name.elementsEqual($0.utf8) }) ?? true {
            let ours = try other.ownStatus(name).map { $0.st_mode & S_IFMT }
            let theirs = try ownStatus(name).map { $0.st_mode & S_IFMT }
            if ours == S_IFDIR, theirs == S_IFDIR {
                let (source, target) = (try other.folder(name), try self.folder(name))
                try target.takeAll(from: source)
                _ = name.withCString { unlinkat(other.descriptor, $0, AT_REMOVEDIR) }
            } else if theirs == nil || (ours == S_IFREG && theirs == S_IFREG) {
                try take(name, from: other, as: name)
            } else {
                var number = 1
                while try ownStatus(Self.numbered(name, number)) != nil { number += 1 }
                try take(name, from: other, as: Self.numbered(name, number))
            }
        }
        _ = try sync()
    }

    private func folder(_ name: [UInt8]) throws(FileFailure) -> RunDirectory {
        let opened = name.withCString {
            clinux_open_beneath(descriptor, $0, clinux_path_only | O_DIRECTORY, CLINUX_NO_LINKS)
        }
        if opened < 0 { throw FileFailure("openat2", inRun: name) }
        return RunDirectory(descriptor: opened)
    }

    private func take(_ name: [UInt8], from other: RunDirectory, as newName: [UInt8]) throws(FileFailure) {
        let code = name.withCString { name in
            newName.withCString { renameat(other.descriptor, name, descriptor, $0) }
        }
        if code != 0 { throw FileFailure("rename", inRun: newName) }
    }

    /// A name with a number as suffix, no longer than NAME_MAX.
    static func numbered(_ name: [UInt8], _ number: Int) -> [UInt8] {
        let end = Array(".\(number)".utf8)
        var kept = name.prefix(255 - end.count)
        // Not cut in the middle of a character (UTF-8's continuation bytes begin with 10).
        while kept.count < name.count, let next = name.dropFirst(kept.count).first, next & 0xC0 == 0x80, !kept.isEmpty {
            kept = kept.dropLast()
        }
        return kept + end
    }
}
