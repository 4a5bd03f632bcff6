internal import Glibc
internal import LocalFiles
package import RunStore
internal import Synchronization

/// Documents that belong to no run: `.rundir/documents/<name>.json`, each replaced by a rename.
extension DirectoryRunStore: DocumentStore {
    package func document(_ name: DocumentName) throws(StoreError) -> [UInt8]? {
        if let fault = ownership.fault() { throw .runsGone(fault) }
        return try storing { () throws(FileFailure) in try Files.read(paths.document(name)) }
    }

    package func replace(_ name: DocumentName, _ old: [UInt8]?, by new: [UInt8]) throws(StoreError) -> Bool {
        if let failure { throw .readOnly(failure) }
        if let reason = lacksRoomToStart { throw .diskFull(reason) }
        let outcome = documents.withLock { _ -> Result<Bool, StoreError> in
            Result { () throws(StoreError) in
                guard try document(name) == old else { return false }
                try storing { () throws(FileFailure) in try write(new, to: paths.document(name)) }
                return true
            }
        }
        return try outcome.get()
    }

    private func write(_ bytes: [UInt8], to path: String) throws(FileFailure) {
        try Files.makeDirectories(paths.documents)
        try Files.sync(paths.own)
        try Files.replace(path, by: bytes)
        try Files.sync(paths.documents)
    }
}
