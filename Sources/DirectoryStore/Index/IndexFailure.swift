internal import GRDB

/// A failure of the index's database.
struct IndexFailure: Error, CustomStringConvertible {
    let description: String
    /// Whether the file is damaged, so that it has to be rebuilt.
    let isDamage: Bool
    /// Whether the database is valid but rejects the data.
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

    /// The database has content that was never written.
    struct Damage: Error, CustomStringConvertible {
        let description: String
    }
}
