import LocalFiles
import Testing

@testable import DirectoryStore

@Suite struct StepsDoneTests {
    /// What was moved into a folder that was made must not go with it.
    @Test func nothingMoreIsTakenBackOnceSomethingCouldNotBe() {
        // Unsafe: the steps are taken back on this thread, before `takeBack()` returns.
        nonisolated(unsafe) var takenBack: [String] = []
        var done = StepsDone()
        done.note { takenBack.append("the folder was made") }
        done.note { () throws(FileFailure) in throw FileFailure("rename", "source.tar.gz", errno: 5) }
        done.note { takenBack.append("a file was put beside") }
        #expect(done.takeBack()?.call == "rename")
        #expect(takenBack == ["a file was put beside"])
    }

    @Test func allIsTakenBackTheLastFirst() {
        // Unsafe: as above.
        nonisolated(unsafe) var takenBack: [Int] = []
        var done = StepsDone()
        for number in 1...3 { done.note { takenBack.append(number) } }
        #expect(done.takeBack() == nil)
        #expect(takenBack == [3, 2, 1])
    }
}
