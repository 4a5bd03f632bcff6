internal import GRDB

/// What the index's database said.
struct IndexFailure: Error, CustomStringConvertible {
    let description: String
    /// Whether the file is no sound database, so that it has to be built anew.
    let isDamage: Bool
    /// Whether the database does not take what was to be written, and is sound.
    let isRefusal: Bool

    init(_ error: any Error) {
        description = "\(error)"
        switch (error as? DatabaseError)?.resultCode {
        case .SQLITE_CONSTRAINT, .SQLITE_TOOBIG, .SQLITE_MISMATCH, .SQLITE_RANGE: isRefusal = true
        default: isRefusal = false
        }
        switch (error as? DatabaseError)?.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR, .SQLITE_MISMATCH, .SQLITE_CONSTRAINT: isDamage = true
        default: isDamage = error is Damage
        }
    }

    /// Something is in the database that was never written there.
    struct Damage: Error, CustomStringConvertible {
        let description: String
    }
}
