internal import JSON

/// Values of params, which are text to MLflow.
enum ParamValue {
    /// The most characters. MLflow's server cuts off what is behind 6000 (mlflow/utils/validation.py,
    /// MAX_PARAM_VAL_LENGTH); here it is kept.
    static let longest = 65_536

    /// The flag for a param: a number with all its digits if the text is a number, so that it sorts and plots as one.
    static func flag(_ text: String) -> JSONValue {
        if let number = JSONNumber(text), number.isInDoubleRange { return .number(number) }
        return .string(text)
    }
}
