import S3Artifacts
import Testing

@Suite struct S3SettingsTests {
    private static let variables = ["AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret"]

    private func fault(_ address: String, _ variables: [String: String] = variables) -> String? {
        do throws(S3Settings.Fault) {
            _ = try S3Settings(address) { variables[$0] }
            return nil
        } catch { return error.description }
    }

    @Test(arguments: [
        ("s3://bucket", "bucket", ""), ("s3://bucket/", "bucket", ""), ("s3://my.bucket/a", "my.bucket", "a/"),
        ("s3://bucket/runs/Large_1/", "bucket", "runs/Large_1/"),
    ])
    func anAddressIsABucketAndAPrefix(_ address: String, _ bucket: String, _ prefix: String) throws {
        let settings = try S3Settings(address) { Self.variables[$0] }
        #expect(settings.bucket == bucket && settings.prefix == prefix)
    }

    @Test(arguments: [
        "", "bucket/prefix", "https://bucket", "s3:/bucket", "s3://", "s3://ab", "s3://Bucket", "s3://bucket/a//b",
        "s3://bucket/../a", "s3://bucket/a b", "s3://bucket/é", "s3://id:secret@bucket",
    ])
    func whatIsNoAddressIsRefused(_ address: String) { #expect(fault(address) != nil) }

    @Test func whatIsMissingOrWrongIsNamed() {
        #expect(fault("s3://bucket", [:])?.contains("AWS_ACCESS_KEY_ID") == true)
        #expect(fault("s3://bucket", ["AWS_ACCESS_KEY_ID": "id"])?.contains("AWS_SECRET_ACCESS_KEY") == true)
        for (name, value) in [
            ("AWS_ENDPOINT_URL", "host:8333"), ("AWS_ENDPOINT_URL_S3", "http://"), ("AWS_REGION", "eu central"),
            ("AWS_ENDPOINT_URL", "http://id:secret@host"), ("AWS_DEFAULT_REGION", ""),
        ] {
            let said = fault("s3://bucket", Self.variables.merging([name: value]) { $1 })
            let named = name == "AWS_DEFAULT_REGION" ? "AWS_REGION" : name
            #expect(said?.contains(named) == true, "\(name)=\(value): \(said ?? "taken")")
        }
    }
}
