/// A `multipart/form-data` body of files (RFC 7578), as `curl -F 'file=@…;filename=…'` makes it.
struct MultipartForm {
    private static let boundary = "------------------------d74496d66958873e"

    let mediaType = "multipart/form-data; boundary=\(boundary)"
    let body: [UInt8]

    init(files: [(name: String, text: String)]) {
        var text = ""
        for file in files {
            text += "--\(Self.boundary)\r\n"
            text += "Content-Disposition: form-data; name=\"file\"; filename=\"\(file.name)\"\r\n"
            text += "Content-Type: application/octet-stream\r\n\r\n\(file.text)\r\n"
        }
        body = Array((text + "--\(Self.boundary)--\r\n").utf8)
    }
}
