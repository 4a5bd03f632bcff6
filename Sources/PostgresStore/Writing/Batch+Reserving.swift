internal import RunStore

/// Writes with large files. Before the upload, a write is done in a batch without its bytes, and undone. That gives it
/// its place in the order of the writes, and refuses it at once if it would be refused later.
extension Batch {
    /// Does a write with large files after their upload. Before the upload, only checks whether the write could be
    /// done.
    /// - Parameter index: of the write in the batch
    func applyUploaded(_ index: Int) throws(StoreError) -> WriteOutcome {
        let waiting = waiting[index]
        let key = resolved(waiting.write.target)
        let (before, counts, eventCount) = (runs[key] ?? WorkingRun(key: key), counts, events.count)
        // Less than the numbers of the contents that the write makes.
        let number = freshContent()
        do throws(StoreError) {
            let outcome = try apply(waiting.write)
            guard let after = runs[key] else { throw .failed("\(key) is not in the batch") }
            if waiting.isReserving {
                let contents = waiting.uploads.all.map { ($0.name, freshContent()) }
                reservations[index] = Reservation(
                    number, Dictionary(uniqueKeysWithValues: contents), lastEvent: lastEvent, before, after)
                (runs[key], self.counts) = (before, counts)
            } else {
                var changes = changes
                for event in events[..<eventCount] { changes.add(event) }
                try waiting.uploads.reservation?.check(before, after, changes)
            }
            return outcome
        } catch {
            (runs[key], self.counts) = (before, counts)
            throw error
        }
    }

    /// The object that a staged file has become, or will become, and the number of its content; nil if its bytes go
    /// into the database.
    /// - Throws: if the object was removed because its upload took a day
    func object(ofFileAt place: String) throws(StoreError) -> (object: UploadedObjects.Object, content: Int)? {
        guard let object = uploads.byFile[place] else { return nil }
        if !takable.contains(object.name) { throw .objectsUnreachable("an upload took too long, and was given up") }
        return (object, reserved[object.name] ?? freshContent())
    }

    /// The objects to upload once the batch is committed.
    var beginning: [UploadedObjects.Object] { reservations.keys.flatMap { waiting[$0].uploads.all } }
}
