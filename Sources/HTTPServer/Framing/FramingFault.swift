/// Why a request is not framed as HTTP/1.1 requires (RFC 9112). The reply ends the connection, since nobody can tell
/// where the next request would begin.
///
/// The text says what is wrong and how to mend it.
package enum FramingFault: String, Error, Sendable, CaseIterable {
    // The request line.
    case emptyLines = "the request begins with empty lines; begin it with the request line"
    case method = "the method is empty, or has a character that no method has; begin with METHOD SP target SP HTTP/1.1"
    case requestLine = "the request line is not METHOD SP target SP HTTP/1.1, with one space between each"
    case target = "the request target is neither a path nor http://host/path; \"*\" is for OPTIONS alone"
    case version = "the server speaks HTTP/1.1 and HTTP/1.0; send HTTP/1.1 in the request line"

    // Every line.
    case lineFeed = "a line ends with LF alone; end each line with CR LF"
    case carriageReturn = "a CR is not followed by LF; end each line with CR LF, and leave CR out of values"
    case control = "a line of the head has a control character, such as NUL or DEL; leave it out or encode it"

    // Fields.
    case folded = "a header field goes on in a second line (obsolete line folding); write it in one line"
    case noColon = "a line of the head has no colon; write name: value"
    case fieldName = "a header field's name is empty, has a space before the colon, or a character that no name has"
    case noHost = "the request has no Host"
    case hosts = "the request has several Host fields"
    case lengths = "the request has several Content-Length fields; send one"
    case length = "Content-Length is not a whole number; send the body's bytes in decimal digits"
    case lengthTooLarge = "Content-Length is too large a number"
    case lengthAndCoding = "the request has both Content-Length and Transfer-Encoding; send one of them"
    case repeatedCoding = "Transfer-Encoding says chunked twice; say it once"
    case codingInHTTP10 = "an HTTP/1.0 request has Transfer-Encoding; send HTTP/1.1, or Content-Length"

    // Chunks.
    case chunkSize = "a chunk's size is not a number in hexadecimal digits, at once followed by CR LF or an extension"
    case chunkTooLarge = "a chunk of the body announces too large a size"
    case chunkLine = "the line of a chunk's size is too long; leave out its extensions"
    case chunkEnd = "a chunk is longer than its size says: CR LF has to follow its last byte"

    package var status: Int {
        switch self {
        case .version: 505
        case .lengthTooLarge, .chunkTooLarge: 413
        default: 400
        }
    }
}
