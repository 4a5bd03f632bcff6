internal import Glibc
package import Limits
internal import Synchronization
internal import Threads

/// A folder of this machine outside of all runs: bodies that are too large for memory are spooled there, writers make files
/// there, and a store takes from it what is complete.
package final class Scratch: Sendable {
    /// The owner of the folder: when it can be used, and what to do when a sync fails.
    package struct Keeper: Sendable {
        /// Why nothing may be made in it yet; nil where it may.
        package var closed: @Sendable () -> String?
        /// Why it is not there; nil where it is. Asked when a call fails.
        package var gone: @Sendable () -> String?
        /// Told when a sync fails.
        package var syncFailed: @Sendable (FileFailure) -> Void

        package init(
            closed: @escaping @Sendable () -> String? = { nil }, gone: @escaping @Sendable () -> String? = { nil },
            syncFailed: @escaping @Sendable (FileFailure) -> Void = { _ in }
        ) {
            (self.closed, self.gone, self.syncFailed) = (closed, gone, syncFailed)
        }
    }

    /// Files of which only a part has come.
    package let partialUploads: PartialUploads
    private let folder: String
    private let keeper: Keeper
    private let made = Atomic<UInt64>(0)
    /// The files that are open at once: a quarter of what the process may have open.
    private let files = Reserve(Limit(.files, most: min(1024, max(16, Files.mostOpen / 4))))

    /// - Parameters:
    ///   - folder: where files are made; it has to be there
    ///   - uploads: where those are kept of which only a part has come; likewise
    ///   - limits: what may be kept there
    ///   - keeper: the owner of the folder
    ///   - now: seconds since 1970
    package init(
        folder: String, uploads: String, limits: PartialUploads.Limits = .init(), keeper: Keeper = Keeper(),
        now: @escaping @Sendable () -> Double = { wallClock() }
    ) {
        (self.folder, self.keeper) = (folder, keeper)
        partialUploads = PartialUploads(
            folder: uploads, limits: limits, syncFailed: keeper.syncFailed, now: now)
    }

    /// A new file, for a body that is too large for memory.
    /// - Throws: `exhausted` where as many are open as may be
    package func makeFile() throws(ScratchError) -> StagingFile {
        let share: Reserve.Share
        do throws(Reserve.Exhausted) { share = try files.share() } catch { throw .exhausted(error.limit) }
        return try makeFile(isSynced: true, share: share)
    }

    /// One that need not be synced, where `isSynced` is false, or that the store itself needs.
    package func makeFile(isSynced: Bool, share: Reserve.Share? = nil) throws(ScratchError) -> StagingFile {
        try making { () throws(FileFailure) in
            try StagingFile(
                directory: folder, name: newName("upload"), isSynced: isSynced, share: share,
                syncFailed: keeper.syncFailed)
        }
    }

    /// Takes over a file that is complete and synced, by renaming it; syncs its name.
    package func take(_ path: String) throws(ScratchError) -> StagingFile {
        try making { () throws(FileFailure) in
            let name = newName("upload")
            try Files.rename(path, to: "\(folder)/\(name)")
            let file = StagingFile(complete: name, in: folder)
            try Files.sync(folder)
            return file
        }
    }

    /// A new folder, for a program to make files in.
    package func makeFolder() throws(ScratchError) -> StagingFolder {
        try making { () throws(FileFailure) in
            try StagingFolder(staging: folder, name: newName("job"), syncFailed: keeper.syncFailed)
        }
    }

    private func making<Made>(_ make: () throws(FileFailure) -> Made) throws(ScratchError) -> Made {
        // What is made before would be taken for something left over.
        if let reason = keeper.closed() { throw .closed(reason) }
        do throws(FileFailure) { return try make() } catch {
            if let reason = keeper.gone() { throw .gone(reason) }
            throw .failed(error)
        }
    }

    /// A name that nothing in the folder has had.
    private func newName(_ kind: String) -> String {
        "\(kind)-\(getpid())-\(monotonicNanoseconds())-\(made.wrappingAdd(1, ordering: .relaxed).newValue)"
    }
}
