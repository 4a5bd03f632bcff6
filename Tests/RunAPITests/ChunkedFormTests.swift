import TestSupport
import Testing

/// Forms of files that come in chunks.
@Suite struct ChunkedFormTests {
    @Test(arguments: [1, 500, 5000, 65_536])
    func sourceOfFourMegabytesIsTakenAndHoldsNobodyUp(chunk: Int) throws {
        let api = try APIFixture.make(maxUpload: 16 << 20)
        #expect(try api.send("PUT", "/runs/x").status == 201)
        let size = chunk == 1 ? 200_000 : 4_000_000
        let content = String(repeating: "print('a line of some length')\n", count: size / 32)
        let form =
            "--BB\r\nContent-Disposition: form-data; name=\"f\"; filename=\"train.py\"\r\n\r\n\(content)\r\n--BB--\r\n"
        let client = try api.client()
        try client.write(
            Array(
                """
                POST /runs/x/metadata/source HTTP/1.1\r
                Host: localhost\r
                Content-Type: multipart/form-data; boundary=BB\r
                Transfer-Encoding: chunked\r
                \r

                """.utf8))
        var body: [UInt8] = []
        let bytes = Array(form.utf8)
        for start in stride(from: 0, to: bytes.count, by: chunk) {
            let part = bytes[start..<min(start + chunk, bytes.count)]
            body += Array("\(String(part.count, radix: 16))\r\n".utf8) + part + [13, 10]
        }
        try client.write(body + Array("0\r\n\r\n".utf8))
        #expect(try client.read().status == 201)
        #expect(try api.send("GET", "/runs").status == 200)
        #expect(try api.send("PUT", "/runs/y").status == 201)
        #expect(try client.send("GET", "/health").status == 200)
    }
}
