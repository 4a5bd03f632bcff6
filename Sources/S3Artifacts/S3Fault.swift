internal import Limits

/// Why a request failed.
struct S3Fault: Error {
    /// The status of the reply; 0: there was no reply.
    let status: Int
    /// S3's error code (Amazon S3 API Reference, "Error responses"); empty if the reply had none.
    let code: String
    let message: String
    /// Seconds to wait before sending it again, as S3 replied.
    var retryAfter = 0.0

    init(status: Int, code: String = "", message: String) {
        (self.status, self.code, self.message) = (status, code, message)
    }

    /// The error in a reply.
    init(_ reply: S3Reply) {
        let text = String(decoding: reply.body, as: UTF8.self)
        self.init(
            status: reply.status, code: XMLText.first("Code", in: text) ?? "",
            message: XMLText.first("Message", in: text) ?? "")
        retryAfter = reply.retryAfter
    }

    /// Whether the request may succeed if it is sent again.
    var isTemporary: Bool {
        [0, 408, 429, 500, 502, 503, 504].contains(status)
            || ["RequestTimeout", "SlowDown", "OperationAborted", "InternalError"].contains(code)
    }

    /// Whether the object does not exist.
    var isMissing: Bool { status == 404 && code != "NoSuchBucket" }

    /// What the operator can do; nil if nothing is known to help.
    private var hint: String? {
        switch (status, code) {
        case (_, "NoSuchBucket"): "create the bucket, or name another with --artifacts"
        case (_, "InvalidAccessKeyId"): "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        case (_, "SignatureDoesNotMatch"): "set AWS_SECRET_ACCESS_KEY to the key of AWS_ACCESS_KEY_ID"
        case (_, "ExpiredToken"), (_, "InvalidToken"): "set AWS_SESSION_TOKEN, with its AWS_ACCESS_KEY_ID"
        case (_, "RequestTimeTooSkewed"): "set this machine's clock"
        case (_, "AuthorizationHeaderMalformed"), (301, _), (307, _): "set AWS_REGION to the bucket's region"
        case (401, _), (403, _):
            "allow the key in AWS_ACCESS_KEY_ID s3:ListBucket, s3:GetObject, s3:PutObject, s3:DeleteObject, "
                + "s3:ListBucketMultipartUploads and s3:AbortMultipartUpload there"
        case (404, _): "AWS_ENDPOINT_URL may name something else than S3"
        case (0, _): "see that S3 runs, and that AWS_ENDPOINT_URL is its address"
        default: nil
        }
    }

    /// The error, and what to do.
    func description(_ place: String) -> String {
        let said =
            status == 0
            ? message
            : [code.isEmpty ? "status \(status)" : code, message].filter { !$0.isEmpty }.joined(separator: ": ")
        return "\(place): \(said.shown(atMost: 300))" + (hint.map { " (\($0))" } ?? "")
    }
}

/// Reads the few texts that are needed from S3's replies. There, these elements have no attributes.
enum XMLText {
    /// The text of the first element with a name.
    static func first(_ name: String, in text: String) -> String? { all(name, in: text).first }

    /// The texts of all elements with a name, in order. They are never nested.
    static func all(_ name: String, in text: String) -> [String] {
        var texts: [String] = []
        var rest = text[...]
        while let start = rest.firstRange(of: "<\(name)>"),
            let end = rest[start.upperBound...].firstRange(of: "</\(name)>")
        {
            texts.append(unescaped(rest[start.upperBound..<end.lowerBound]))
            rest = rest[end.upperBound...]
        }
        return texts
    }

    private static let escapes = [
        ("&quot;", "\""), ("&#34;", "\""), ("&apos;", "'"), ("&#39;", "'"), ("&lt;", "<"), ("&gt;", ">"),
        ("&amp;", "&"),
    ]

    private static func unescaped(_ text: Substring) -> String {
        escapes.reduce(String(text)) { $0.replacing($1.0, with: $1.1) }
    }

    static func escaped(_ text: String) -> String {
        [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")].reduce(text) { $0.replacing($1.0, with: $1.1) }
    }
}
