import RunStoreClaims
import TestSupport
import Testing
import Threads

@testable import DirectoryStore

@Suite struct LaggingViewsTests {
    private let bell = Doorbell()
    private var now: Double { Double(monotonicNanoseconds()) / 1e9 }

    private func views(delay: Double) -> LaggingViews { LaggingViews(delay: delay, share: 0.05, bell: bell) }

    /// Whether the bell was rung: a wait then ends at once.
    private func isRung() -> Bool {
        let start = ContinuousClock.now
        bell.wait(seconds: 2)
        return ContinuousClock.now - start < .seconds(1)
    }

    @Test func aViewIsDueAfterTheDelay() throws {
        let views = views(delay: 100)
        let before = now
        views.insert("a")
        let due = try #require(views.nextDue)
        #expect((before + 100...now + 100).contains(due))
        #expect(views.takeDue().isEmpty)
        #expect(views.folders == ["a"])
    }

    @Test func viewsThatAreDueAreTakenOnce() {
        let views = views(delay: 0.01)
        views.insert("a")
        views.insert("b")
        #expect(eventually { (views.nextDue ?? 0) <= now - 0.01 })
        #expect(views.takeDue().sorted() == ["a", "b"])
        #expect(views.takeDue().isEmpty)
        #expect(views.nextDue == nil)
        #expect(!views.contains("a") && views.mayLag("a"))
        views.finish("a")
        #expect(!views.mayLag("a") && views.mayLag("b"))
    }

    @Test func moreRowsDoNotPutAViewOff() throws {
        let views = views(delay: 100)
        views.insert("a")
        let due = try #require(views.nextDue)
        pause(milliseconds: 5)
        views.insert("a")
        #expect(views.nextDue == due)
    }

    @Test func aViewIsTakenDueOrNot() {
        let views = views(delay: 100)
        views.insert("a")
        #expect(views.take("a"))
        #expect(!views.take("a"))
        #expect(views.folders.isEmpty)
    }

    /// Seconds that writing took, and seconds until the view may be written again at a share of 5 %.
    @Test(arguments: [(0.001, 0.5), (0.02, 0.5), (0.1, 2.0), (2.0, 40.0)])
    func aViewThatTakesLongIsWrittenSeldom(_ seconds: Double, _ interval: Double) throws {
        let views = views(delay: 0.5)
        let before = now
        views.wrote("a", seconds: seconds)
        views.insert("a")
        let due = try #require(views.nextDue)
        #expect((before + interval...now + interval).contains(due))
    }

    /// The view's own last cost counts once.
    @Test func theIntervalStaysTheSameWhileTheCostDoes() throws {
        let views = views(delay: 0.5)
        for _ in 0..<3 { views.wrote("a", seconds: 0.1) }
        views.insert("a")
        #expect(try #require(views.nextDue) <= now + 2)
    }

    @Test func viewsThatTogetherTakeLongShareTheTime() throws {
        let views = views(delay: 0.5)
        let before = now
        for folder in ["a", "b", "c"] { views.wrote(folder, seconds: 0.1) }
        views.insert("c")
        #expect(try #require(views.nextDue) >= before + 6)
    }

    @Test func theFirstViewRingsTheBell() {
        views(delay: 100).insert("a")
        #expect(isRung())
    }

    /// The keeper sleeps until the next one is due: it has to be woken when that changes.
    @Test func aViewThatIsDueBeforeTheOthersRingsTheBell() {
        let views = views(delay: 0.5)
        views.wrote("large", seconds: 10)
        views.insert("large")
        #expect(isRung())
        #expect((views.nextDue ?? 0) > now + 100)
        views.insert("small")
        #expect(isRung())
    }
}
