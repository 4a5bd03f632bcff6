extension JSONText {
    static let forbidden = forbiddenArrays + forbiddenNumbers + forbiddenObjects + forbiddenTexts

    /// What numbers that are not finite are called; the first element is one where they are allowed.
    static let nonFinite: [JSONText] = [
        .init("NaN", "[NaN]"),
        .init("infinity, short", "[Inf]"),
        .init("infinity", "[Infinity]"),
        .init("minus infinity", "[-Infinity]"),
    ]

    private static let forbiddenArrays: [JSONText] = [
        .init("no comma", "[7 false]"),
        .init("letter and bytes that are no UTF-8", "[b@]", [0xE6]),
        .init("colon for comma", #"["": 7]"#),
        .init("comma after an array", #"[""],"#),
        .init("comma before a number", "[,7]"),
        .init("two commas", "[7,,8]"),
        .init("two commas at the end", #"["x",,]"#),
        .init("second end of an array", #"["x"]]"#),
        .init("comma at the end", #"["",]"#),
        .init("unfinished array", #"["x""#),
        .init("unfinished array after no value", "[x"),
        .init("no comma before an inner array", "[6[7]]"),
        .init("byte that is no UTF-8", "[@]", [0xFE]),
        .init("semicolon", "[7;8]"),
        .init("nothing but a comma", "[,]"),
        .init("nothing but a minus", "[-]"),
        .init("no value between commas", "[   , \"\"]"),
        .init("unfinished array over lines", "[\"b\",\n6\n,7,"),
        .init("comma after a number", "[7,]"),
        .init("commas after a number", "[7,,]"),
        .init("vertical tab and form feed", "[\"\u{0B}b\"\\f]"),
        .init("star", "[*]"),
        .init("unfinished array of a text", #"["""#),
        .init("unfinished array after a comma", "[7,"),
        .init("unfinished array after line feeds", "[7,\n7\n,7"),
        .init("unfinished array of an object", "[{}"),
        .init("unfinished false", "[fals]"),
        .init("unfinished null", "[nul]"),
        .init("unfinished true", "[tru]"),
        .init("NUL after a number", "731\0"),
    ]

    private static let forbiddenNumbers = noNumbers.map { JSONText("number \($0)", "[\($0)]") } + numbersWithBytes

    private static let noNumbers: [String] = [
        "++2345", "+2", "+Inf", "-02", "-2.0.", "-3.", "-NaN", ".-2", ".3e-4", "0.2.3", "0.4e+", "0.4e", "0.e2",
        "0E+", "0E",
        "0e+", "0e", "2.0e+", "2.0e-", "2.0e", "2 000.0", "2eE3", "3.e+4", "3.e-4", "3.e4", "8.e+", "２", "2+3",
        "0x2", "0x53",
        "infinity", "0e+-2", "-234.234bar", "-Inf0", "-bar", "- 2", "-023", "-.234", "-2y", "2eb", "2.", ".234",
        "2.3b-", "2.9bc",
        "023", "nan", "inf", "2_000",
    ]

    private static let numbersWithBytes: [JSONText] = [
        .init("byte in a number", "[234@]", [0xE4]),
        .init("byte in an exponent", "[2e2@]", [0xE4]),
        .init("byte after e", "[2e@]", [0xE4]),
        .init("byte after zero", "[0@]\n", [0xE4]),
    ]

    private static let forbiddenObjects: [JSONText] = [
        .init("word for a value", #"["y", truht]"#),
        .init("bracket for a name", #"{["#),
        .init("comma for a colon", #"{"y", null}"#),
        .init("two colons", #"{"y"::"c"}"#),
        .init("picture for a name", "{🇫🇷}"),
        .init("letters after a value", #"{"b":"b" 234}"#),
        .init("name in single quotes", "{name: 'value'}"),
        .init("continuation byte in a name, and a comma", #"{"@":"1",}"#, [0xBA]),
        .init("no colon", #"{"b" c}"#),
        .init("no name", #"{:"c"}"#),
        .init("no colon before a text", #"{"b" "c"}"#),
        .init("no value", #"{"b":"#),
        .init("no colon and no end", #"{"b""#),
        .init("number for a name", "{2:2}"),
        .init("huge number for a name", "{8888E8888:2}"),
        .init("null for a name", "{null:null,null:null}"),
        .init("commas at the end", #"{"id":1,,,,,}"#),
        .init("text in single quotes", "{'b':1}"),
        .init("comma at the end of an object", #"{"id":1,}"#),
        .init("comment after an object", #"{"b":"c"}/**/"#),
        .init("unfinished comment after an object", #"{"b":"c"}/**//"#),
        .init("comment of a line after an object", #"{"b":"c"}//"#),
        .init("slash after an object", #"{"b":"c"}/"#),
        .init("two commas between members", #"{"b":"c",,"d":"e"}"#),
        .init("bare name", #"{b: "c"}"#),
        .init("unfinished text for a value", #"{"b":"b"#),
        .init("nothing but a text", #"{ "units" : "lr", "b" }"#),
        .init("number sign after an object", #"{"b":"c"}#"#),
        .init("nothing but a space", " "),
    ]
}
