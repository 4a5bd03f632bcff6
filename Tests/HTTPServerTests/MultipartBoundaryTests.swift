import Testing

@testable import HTTPServer

/// What separates the parts of a form.
@Suite struct MultipartBoundaryTests {
    @Test(arguments: [
        ("multipart/form-data; boundary=x", "x"), ("multipart/form-data;boundary=BB", "BB"),
        ("Multipart/Form-Data; Boundary=BB", "BB"), ("multipart/form-data; BOUNDARY=\"B B\"", "B B"),
        ("multipart/form-data; boundary=x; charset=utf-8", "x"),
        ("multipart/form-data; charset=utf-8; boundary=x", "x"),
        ("multipart/form-data ; charset=\"a;b=c\" ;boundary=\"x\" ", "x"), ("multipart/form-data; boundary=x;", "x"),
        ("multipart/form-data; ; boundary=a=b", "a=b"), ("multipart/form-data; boundary=\"a\\b\"", "ab"),
        (
            "multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW",
            "----WebKitFormBoundary7MA4YWxkTrZu0gW"
        ),
        ("multipart/form-data; xboundary=y; boundary=x", "x"),
    ])
    func boundaryIsFound(type: String, boundary: String) {
        #expect(MultipartBoundary.read(type.utf8).map { String(decoding: $0, as: UTF8.self) } == boundary)
    }

    @Test(arguments: [
        "", "text/plain; boundary=x", "multipart/mixed; boundary=x", "multipart/form-data",
        "multipart/form-data; boundary",
        "multipart/form-data; boundary=", "multipart/form-data; boundary=\"\"", "multipart/form-data; boundary=\"x",
        "multipart/form-data; boundary=x; boundary=y", "multipart/form-data; xboundary=x",
        "multipart/form-data; boundary=\"x\"y",
        "multipart/form-data; boundary=\"x \"", "multipart/form-data; boundary=\u{e4}",
        "multipart/form-data; boundary=" + String(repeating: "b", count: 201),
    ])
    func otherTypesHaveNone(type: String) {
        #expect(MultipartBoundary.read(type.utf8) == nil)
    }
}
