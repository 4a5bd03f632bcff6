internal import Glibc
package import Limits
internal import Synchronization
internal import Threads

/// A local folder outside of all runs. Bodies that are too large for memory are spooled there, writers make files
/// there, and a store takes complete files from it.
package final class Scratch: Sendable {
    /// The owner of the folder: says when it can be used, and handles failed syncs.
    package struct Keeper: Sendable {
        /// Why nothing may be created in it yet; nil if it may.
        package var closed: @Sendable () -> String?
        /// Why it is gone; nil if it is not. Called when a call on a file fails.
        package var gone: @Sendable () -> String?
        /// Called when a sync fails.
        package var syncFailed: @Sendable (FileFailure) -> Void

        package init(
            closed: @escaping @Sendable () -> String? = { nil }, gone: @escaping @Sendable () -> String? = { nil },
            syncFailed: @escaping @Sendable (FileFailure) -> Void = { _ in }
        ) {
            (self.closed, self.gone, self.syncFailed) = (closed, gone, syncFailed)
        }
    }

    /// Partly received files.
    package let partialUploads: PartialUploads
    private let folder: String
    private let keeper: Keeper
    private let made = Atomic<UInt64>(0)
    /// The most files that are open at once: a quarter of what the process may open.
    private let files = Reserve(Limit(.files, most: min(1024, max(16, Files.mostOpen / 4))))

    /// - Parameters:
    ///   - folder: where files are created; it must exist
    ///   - uploads: where partly received files are kept; likewise
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
    /// - Throws: `exhausted` if too many are open
    package func makeFile() throws(ScratchError) -> StagingFile {
        let share: Reserve.Share
        do throws(Reserve.Exhausted) { share = try files.share() } catch { throw .exhausted(error.limit) }
        return try makeFile(isSynced: true, share: share)
    }

    /// The same, for a file that need not be synced (`isSynced` false), or that the store itself needs.
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

    /// A new folder, in which a program creates files.
    package func makeFolder() throws(ScratchError) -> StagingFolder {
        try making { () throws(FileFailure) in
            try StagingFolder(staging: folder, name: newName("job"), syncFailed: keeper.syncFailed)
        }
    }

    private func making<Made>(_ make: () throws(FileFailure) -> Made) throws(ScratchError) -> Made {
        // Anything created before would be taken for a leftover.
        if let reason = keeper.closed() { throw .closed(reason) }
        do throws(FileFailure) { return try make() } catch {
            if let reason = keeper.gone() { throw .gone(reason) }
            throw .failed(error)
        }
    }

    /// A name that was never used in the folder.
    private func newName(_ kind: String) -> String {
        "\(kind)-\(getpid())-\(monotonicNanoseconds())-\(made.wrappingAdd(1, ordering: .relaxed).newValue)"
    }
}
