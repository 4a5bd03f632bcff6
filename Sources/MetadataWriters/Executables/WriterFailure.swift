package import RunMetadata

/// Why a custom type's executable wrote nothing. (ERRORS.md, rows 55 to 57.)
package enum WriterFailure: Error, Sendable, Equatable {
    /// It could not be started.
    case notStarted(MetadataType, reason: String)
    /// It ended in some way other than with 0; the last lines of its standard error.
    case ended(MetadataType, how: String, lastLines: String)
    /// It took longer than it may.
    case overTime(MetadataType, seconds: Int)
    /// It used more of something than it may.
    case overSize(MetadataType, reason: String)
    /// It made something that cannot be published.
    case output(MetadataType, reason: String)
    /// Too many writers wait for their turn.
    case busy
    /// The server is shutting down.
    case stopping
}
