internal import CNettle

/// The digest of a content that arrives piece by piece (nettle's sha2.h and md5.h).
package final class Digest {
    /// An algorithm. The raw value is its name in RFC 9530's registry.
    package enum Algorithm: String, Sendable, CaseIterable {
        case sha256 = "sha-256"
        case sha512 = "sha-512"
        case md5

        /// Bytes of a digest.
        package var size: Int {
            switch self {
            case .sha256: Int(SHA256_DIGEST_SIZE)
            case .sha512: Int(SHA512_DIGEST_SIZE)
            case .md5: Int(MD5_DIGEST_SIZE)
            }
        }
    }

    private enum State {
        case sha256(sha256_ctx)
        case sha512(sha512_ctx)
        case md5(md5_ctx)
    }

    package let algorithm: Algorithm
    private var state: State

    package init(_ algorithm: Algorithm) {
        self.algorithm = algorithm
        switch algorithm {
        case .sha256:
            var context = sha256_ctx()
            nettle_sha256_init(&context)
            state = .sha256(context)
        case .sha512:
            var context = sha512_ctx()
            nettle_sha512_init(&context)
            state = .sha512(context)
        case .md5:
            var context = md5_ctx()
            nettle_md5_init(&context)
            state = .md5(context)
        }
    }

    /// Adds the next piece of the content.
    package func update(_ piece: UnsafeRawBufferPointer) {
        let bytes = piece.bindMemory(to: UInt8.self)
        switch state {
        case .sha256(var context):
            nettle_sha256_update(&context, bytes.count, bytes.baseAddress)
            state = .sha256(context)
        case .sha512(var context):
            nettle_sha512_update(&context, bytes.count, bytes.baseAddress)
            state = .sha512(context)
        case .md5(var context):
            nettle_md5_update(&context, bytes.count, bytes.baseAddress)
            state = .md5(context)
        }
    }

    /// The digest of all pieces. Call once.
    package func finish() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: algorithm.size) { buffer, count in
            count = algorithm.size
            switch state {
            case .sha256(var context): nettle_sha256_digest(&context, count, buffer.baseAddress)
            case .sha512(var context): nettle_sha512_digest(&context, count, buffer.baseAddress)
            case .md5(var context): nettle_md5_digest(&context, count, buffer.baseAddress)
            }
        }
    }

    /// The digest of a whole content.
    package static func of(_ content: [UInt8], _ algorithm: Algorithm) -> [UInt8] {
        let digest = Digest(algorithm)
        content.withUnsafeBytes { digest.update($0) }
        return digest.finish()
    }
}

/// Base64 (RFC 4648 section 4), by nettle.
package enum Base64 {
    package static func encode(_ bytes: [UInt8]) -> String {
        String(unsafeUninitializedCapacity: (bytes.count + 2) / 3 * 4) { buffer in
            buffer.withMemoryRebound(to: CChar.self) { text in
                nettle_base64_encode_raw(text.baseAddress, bytes.count, bytes)
            }
            return buffer.count
        }
    }

    /// Nil if the text is not base64 with its padding.
    package static func decode(_ text: String) -> [UInt8]? {
        // nettle skips white space.
        guard !text.utf8.contains(where: { $0 <= 0x20 }) else { return nil }
        var context = base64_decode_ctx()
        nettle_base64_decode_init(&context)
        var isValid = false
        let bytes = [UInt8](unsafeUninitializedCapacity: text.utf8.count / 4 * 3 + 3) { buffer, count in
            var length = buffer.count
            isValid = nettle_base64_decode_update(&context, &length, buffer.baseAddress, text.utf8.count, text) == 1
            isValid = isValid && nettle_base64_decode_final(&context) == 1
            count = isValid ? length : 0
        }
        return isValid ? bytes : nil
    }
}
