internal import RunMetadata
internal import RunStore

/// What a property's file says.
enum StoredProperty {
    /// The text; nil for a file that only keeps the name's place.
    static func text(_ name: PropertyName, _ file: [UInt8]) -> String? {
        name.keepsPlace && file.isEmpty ? nil : PropertyText.read(file, of: name)
    }
}

/// Metrics in one of their two forms.
enum StoredMetrics {
    /// The rows of a frame.
    /// - Throws: `unreadable` if it is none
    static func rows(ofFrame frame: [UInt8]) throws(StoreError) -> [UInt8] {
        let rows = frame.withUnsafeBytes { text in
            Result { () throws(StoreError) in try MetricsFrame.rows(ofFrame: text) }
        }
        guard let rows = try rows.get() else {
            throw .unreadable("metrics.json is no data frame")
        }
        return rows
    }

    /// The frame of rows.
    static func frame(ofRows rows: [UInt8]) -> [UInt8] { rows.withUnsafeBytes { MetricsFrame(rows: $0).text } }
}
