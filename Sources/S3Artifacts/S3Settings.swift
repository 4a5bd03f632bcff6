internal import HTTPServer

/// The bucket that keeps the objects, and how to reach it.
package struct S3Settings: Sendable {
    package let bucket: String
    /// The beginning of all keys: empty, or ends with `/`.
    package let prefix: String
    /// Such as `https://bucket.s3.us-east-1.amazonaws.com` or `http://host:8333/bucket`; a `/` and the key follow.
    let address: String
    /// The host and port of the address.
    let host: String
    let region: String
    let credentials: Credentials
    /// A file with the certificates of authorities; nil: the system's authorities.
    let authorities: String?

    /// Bytes of a part of a multipart upload. Files up to this size are sent in one request.
    package var partSize = 16 << 20
    /// A request that fails is sent again for this many seconds.
    package var patience = 10.0
    /// A request fails if S3 is silent for this many seconds.
    package var silence = 20
    /// The number of parts of an upload that are sent at the same time.
    package var parallelParts = 3

    struct Credentials: Sendable {
        let id: String
        let secret: String
        let sessionToken: String?
    }

    /// Says which setting is missing or malformed.
    package struct Fault: Error, CustomStringConvertible {
        package let description: String
    }

    /// Reads the settings as AWS's own programs do (AWS SDKs and Tools Reference Guide).
    /// - Parameters:
    ///   - address: `s3://bucket/prefix`
    ///   - variable: looks up an environment variable; nil if it is not set
    package init(_ address: String, _ variable: (String) -> String?) throws(Fault) {
        (bucket, prefix) = try Self.parse(address)
        guard let id = variable("AWS_ACCESS_KEY_ID"), let secret = variable("AWS_SECRET_ACCESS_KEY") else {
            throw Fault(description: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to credentials for \(address)")
        }
        credentials = Credentials(id: id, secret: secret, sessionToken: variable("AWS_SESSION_TOKEN"))
        let region = variable("AWS_REGION") ?? variable("AWS_DEFAULT_REGION") ?? "us-east-1"
        guard !region.isEmpty, region.utf8.allSatisfy(Self.isOfName) else {
            throw Fault(
                description: "AWS_REGION is \"\(region)\"; it has to be the name of a region, such as eu-central-1")
        }
        self.region = region
        authorities = variable("AWS_CA_BUNDLE")
        // Amazon S3 endpoints and quotas (AWS General Reference).
        let domain = region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
        let name = variable("AWS_ENDPOINT_URL_S3") != nil ? "AWS_ENDPOINT_URL_S3" : "AWS_ENDPOINT_URL"
        if let endpoint = variable(name) {
            host = try Self.host(of: endpoint, name)
            self.address = (endpoint.hasSuffix("/") ? String(endpoint.dropLast()) : endpoint) + "/\(bucket)"
        } else if bucket.contains(".") {
            // The certificate covers only one label before the dot.
            host = "s3.\(region).\(domain)"
            self.address = "https://\(host)/\(bucket)"
        } else {
            host = "\(bucket).s3.\(region).\(domain)"
            self.address = "https://\(host)"
        }
    }

    /// Splits `s3://bucket/prefix`.
    private static func parse(_ address: String) throws(Fault) -> (bucket: String, prefix: String) {
        guard address.hasPrefix("s3://") else {
            throw Fault(description: "\"\(address)\" does not begin with s3://; it has to be s3://bucket/prefix")
        }
        let parts = address.dropFirst(5).split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let bucket = parts[0]
        guard (3...63).contains(bucket.utf8.count), bucket.utf8.allSatisfy(isOfName), bucket == bucket.lowercased()
        else {
            throw Fault(
                description: "\"\(bucket)\" is no name of a bucket: 3 to 63 lower case letters, digits, \"-\" and \".\""
            )
        }
        let folders = parts.dropFirst().last == "" ? parts.dropFirst().dropLast() : parts.dropFirst()
        for folder in folders {
            guard !folder.isEmpty, folder != ".", folder != "..",
                folder.utf8.allSatisfy({ isOfName($0) || $0 == UInt8(ascii: "_") })
            else {
                throw Fault(
                    description:
                        "the prefix of \"\(address)\" has to be names of letters, digits, \"-\", \"_\" and \".\", with \"/\" between them"
                )
            }
        }
        return (bucket, folders.map { $0 + "/" }.joined())
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    private static func host(of endpoint: String, _ name: String) throws(Fault) -> String {
        let lower = endpoint.lowercased()
        let scheme = ["http://", "https://"].first { lower.hasPrefix($0) }
        let rest = endpoint.dropFirst(scheme?.count ?? 0)
        let host = rest.prefix { $0 != "/" }
        guard scheme != nil, !host.isEmpty, !rest.contains(where: { "@?# ".contains($0) }) else {
            throw Fault(description: "\(name) is \"\(endpoint)\"; it has to be an address such as http://host:8333")
        }
        return String(host)
    }

    /// The address of an object, or of the bucket if `key` is empty. The names in the query have to be sorted.
    func url(_ key: String, _ query: [(name: String, value: String)]) -> String {
        let fields = query.map { "\($0.name)=\(PercentEncoding.encode($0.value))" }
        return "\(address)/\(key)" + (fields.isEmpty ? "" : "?" + fields.joined(separator: "&"))
    }

    /// The bucket and the prefix as they were given.
    var place: String { "s3://\(bucket)/\(prefix)" }
}
