import TestSupport
import Testing

extension HTTPClient {
    /// Sends the head of a request and waits for `100 Continue`: the request is in flight, and its body may come.
    func begin(_ method: String, _ target: String, type: String, length: Int) throws {
        let headers = [("Expect", "100-continue"), ("Content-Length", "\(length)")]
        try write(Self.request(method, target, type: type, headers: headers))
        #expect(try read(takesInformational: true).status == 100)
    }
}
