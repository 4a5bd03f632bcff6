import TestSupport

/// Archives of source, as tfruns would make them.
enum Archives {
    static let two: [[UInt8]] = (0..<2).compactMap { number in
        let folder = TemporaryFolder()
        folder.write("source/train.py", "print(\(number))\n")
        return try? Command.succeed("tar", "cz", "-C", folder.path, "source")
    }
}
