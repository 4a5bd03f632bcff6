package import RunMetadata

/// Why a custom type's executable wrote nothing. (ERRORS.md, rows 55 to 57.)
package enum WriterFailure: Error, Sendable, Equatable {
    /// It could not be started.
    case notStarted(MetadataType, reason: String)
    /// It did not exit with status 0; with the last lines of its standard error.
    case ended(MetadataType, how: String, lastLines: String)
    /// It exceeded its time limit.
    case overTime(MetadataType, seconds: Int)
    /// It exceeded another limit.
    case overSize(MetadataType, reason: String)
    /// Its output cannot be published.
    case output(MetadataType, reason: String)
    /// Too many writers wait for their turn.
    case busy
    /// The server is shutting down.
    case stopping
}
