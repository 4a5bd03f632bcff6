package import JSON

/// The values of an `%in%`, in sets, so that a test takes the same time for any number of them.
///
/// Values are equal by `RunValue.compared(with:)`; also NA equals NA and NaN equals NaN, as in R.
package struct RunValueSet: Sendable {
    package private(set) var hasMissing = false
    package private(set) var hasNaN = false
    package private(set) var numbers: Set<Double> = []
    /// Flags as numbers, and the numbers of texts, to compare with numbers.
    package private(set) var numbersOfFlags: Set<Double> = []
    package private(set) var numbersOfTexts: Set<Double> = []
    package private(set) var texts: Set<ExactText> = []
    /// Flags as texts, to compare with texts.
    package private(set) var textsOfFlags: Set<ExactText> = []

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

    package func contains(_ value: RunValue) -> Bool {
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
            // A text equals a number only if it reads as that number; so does the number's own text.
            texts.contains(ExactText(text)) || textsOfFlags.contains(ExactText(text))
                || (value.asNumber.map { !$0.isNaN && numbers.contains($0) } ?? false)
        }
    }
}
