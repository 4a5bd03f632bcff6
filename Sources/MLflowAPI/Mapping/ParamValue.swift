internal import JSON

/// Values of params, which are text to MLflow.
enum ParamValue {
    /// The most characters (mlflow/utils/validation.py, MAX_PARAM_VAL_LENGTH).
    static let longest = 6000

    /// The flag for a param: a number with all its digits if the text is a number, so that it sorts and plots as one.
    static func flag(_ text: String) -> JSONValue {
        if let number = JSONNumber(text), number.isInDoubleRange { return .number(number) }
        return .string(text)
    }
}
