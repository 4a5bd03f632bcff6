internal import JSON

/// The values behind an `%in%`: whether a value is equal to one of them is told at once, however many there are.
///
/// Equal is what `RunValue.compared(with:)` finds so, and NA to NA and NaN to NaN, as R has it.
struct RunValueSet: Sendable {
    private var hasMissing = false
    private var hasNaN = false
    private var numbers: Set<Double> = []
    /// Flags as numbers, and texts that read as numbers: each is compared with numbers so.
    private var numbersOfFlags: Set<Double> = []
    private var numbersOfTexts: Set<Double> = []
    private var texts: Set<ExactText> = []
    /// Flags as texts, which they are compared with texts by.
    private var textsOfFlags: Set<ExactText> = []

    mutating func insert(_ value: RunValue) {
        switch value {
        case .missing: hasMissing = true
        case .number(let number):
            if number.isNaN { hasNaN = true } else { numbers.insert(number) }
        case .flag(let flag):
            numbersOfFlags.insert(flag ? 1 : 0)
            textsOfFlags.insert(ExactText(value.asText))
        case .text(let text):
            texts.insert(ExactText(text))
            if let number = value.asNumber, !number.isNaN { numbersOfTexts.insert(number) }
        }
    }

    func contains(_ value: RunValue) -> Bool {
        switch value {
        case .missing: hasMissing
        case .number(let number):
            number.isNaN
                ? hasNaN
                : numbers.contains(number) || numbersOfFlags.contains(number) || numbersOfTexts.contains(number)
        case .flag(let flag):
            numbers.contains(flag ? 1 : 0) || numbersOfFlags.contains(flag ? 1 : 0)
                || texts.contains(ExactText(value.asText))
        case .text(let text):
            // A number's own text reads as that number, so a text that reads as none is equal to no number.
            texts.contains(ExactText(text)) || textsOfFlags.contains(ExactText(text))
                || (value.asNumber.map { !$0.isNaN && numbers.contains($0) } ?? false)
        }
    }
}
