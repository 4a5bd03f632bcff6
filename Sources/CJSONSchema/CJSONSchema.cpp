#include "CJSONSchema.h"

#include <cstdio>
#include <exception>
#include <regex>
#include <string>
#include <unordered_map>
#include <vector>

// Else it ends the process where it finds a fault in a schema.
#define VALIJSON_USE_EXCEPTIONS 1

#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

using Regexes = std::unordered_map<std::string, std::regex>;

struct cschema {
    valijson::Schema schema;
    /// Its patterns, by their text.
    Regexes patterns;
    /// Whether it asks for a date or a time, for which valijson has expressions of its own.
    bool hasFormats = false;
    bool wantsUnique = false;
    /// Whether it has patterns for names, for which valijson makes expressions of its own each time.
    bool hasNamePatterns = false;
};

namespace {

using Adapter = valijson::adapters::NlohmannJsonAdapter;
using Visitor = valijson::ValidationVisitor<Adapter>;
using json = nlohmann::json;

/// Up to so many bytes a document is told the place of its fault: valijson remembers every one that it finds.
const size_t kToldInFull = 64 * 1024;
/// Digits in a row that valijson's own expressions go through, one call of a function in another for each.
const size_t kDigits = 1000;
/// Bytes of a name that is matched with a pattern, likewise.
const size_t kName = 1000;
/// Comparisons, about, that may be made to find out whether the elements of arrays differ.
const double kComparisons = 5e7;

/// Looks through a schema for its patterns, and for what takes more than a document's length of time.
///
/// libstdc++ matches an expression by functions that call one another for each character: a long text ends the process. With
/// __polynomial it goes through the text in one loop, whatever the pattern; back references are not known then.
void survey(const json &value, cschema &schema) {
    auto compile = [&](const std::string &pattern) {
        schema.patterns.emplace(
            pattern, std::regex(pattern, std::regex::ECMAScript | std::regex_constants::__polynomial));
    };
    if (value.is_object()) {
        for (const auto &member : value.items()) {
            const json &inner = member.value();
            if (member.key() == "pattern" && inner.is_string()) compile(inner.get<std::string>());
            schema.hasNamePatterns |= member.key() == "patternProperties";
            schema.hasFormats |= member.key() == "format";
            schema.wantsUnique |= member.key() == "uniqueItems";
            survey(inner, schema);
        }
    } else if (value.is_array()) {
        for (const json &inner : value) survey(inner, schema);
    }
}

/// The weight of a value, and of comparing the elements of all arrays in it with each other.
size_t weigh(const json &value, double &comparisons) {
    size_t weight = 1;
    if (value.is_string()) weight += value.get_ref<const std::string &>().size() / 16;
    if (value.is_structured()) {
        for (const json &inner : value) weight += weigh(inner, comparisons);
    }
    if (value.is_array()) comparisons += static_cast<double>(value.size()) * static_cast<double>(weight) / 2;
    return weight;
}

/// Whether it has a name that is too long to be matched.
bool hasLongName(const json &value) {
    if (!value.is_structured()) return false;
    if (value.is_object()) {
        for (const auto &member : value.items()) {
            if (member.key().size() > kName) return true;
        }
    }
    for (const json &inner : value) {
        if (hasLongName(inner)) return true;
    }
    return false;
}

/// Whether a text in it has more digits in a row than can be matched.
bool hasLongNumber(const json &value) {
    if (value.is_string()) {
        size_t digits = 0;
        for (char character : value.get_ref<const std::string &>()) {
            digits = character >= '0' && character <= '9' ? digits + 1 : 0;
            if (digits > kDigits) return true;
        }
        return false;
    }
    if (!value.is_structured()) return false;
    for (const json &inner : value) {
        if (hasLongNumber(inner)) return true;
    }
    return false;
}

bool isValid(const cschema &schema, Regexes &patterns, const json &document, valijson::ValidationResults *results) {
    Visitor visitor(Adapter(document), {"<root>"}, true, results, patterns);
    return visitor.validateSchema(schema.schema);
}

void tell(char (&field)[512], const std::string &text) {
    std::snprintf(field, sizeof field, "%s", text.c_str());
}

/// The JSON pointer for a context such as `<root>`, `["matrix"]`, `[1]`.
std::string pointer(const std::vector<std::string> &context) {
    std::string path;
    for (size_t index = 1; index < context.size(); index++) {
        std::string step = context[index];
        if (step.size() >= 2 && step.front() == '[' && step.back() == ']') {
            step = step.substr(1, step.size() - 2);
        }
        if (step.size() >= 2 && step.front() == '"' && step.back() == '"') {
            step = step.substr(1, step.size() - 2);
        }
        path += '/';
        for (char character : step) {
            path += character == '~' ? "~0" : character == '/' ? "~1" : std::string(1, character);
        }
    }
    return path;
}

}  // namespace

cschema *cschema_create(const char *text, size_t size, cschema_fault *fault) {
    try {
        auto document = nlohmann::json::parse(text, text + size);
        auto *schema = new cschema;
        try {
            valijson::SchemaParser parser;
            parser.populateSchema(Adapter(document), schema->schema);
            survey(document, *schema);
            return schema;
        } catch (...) {
            delete schema;
            throw;
        }
    } catch (const std::exception &error) {
        fault->pointer[0] = 0;
        tell(fault->reason, error.what());
        return nullptr;
    }
}

void cschema_destroy(cschema *schema) {
    delete schema;
}

int cschema_check(const cschema *schema, const char *text, size_t size, cschema_fault *fault) {
    try {
        auto document = json::parse(text, text + size);
        fault->pointer[0] = 0;
        if (schema->hasFormats && hasLongNumber(document)) {
            tell(fault->reason, "a text in it has over 1000 digits in a row, which is no date or time");
            return 0;
        }
        if (schema->hasNamePatterns && hasLongName(document)) {
            tell(fault->reason, "a name in it has over 1000 bytes, which is too long for a pattern of names");
            return 0;
        }
        double comparisons = 0;
        if (schema->wantsUnique && (weigh(document, comparisons), comparisons > kComparisons)) {
            tell(fault->reason, "its arrays are too long to be looked through for elements that are the same");
            return 0;
        }
        Regexes patterns = schema->patterns;
        // Stops at the first fault.
        if (isValid(*schema, patterns, document, nullptr)) {
            return 1;
        }
        valijson::ValidationResults results;
        if (size <= kToldInFull) {
            isValid(*schema, patterns, document, &results);
        }
        // A fault shows in its place first and then in all that holds it.
        const valijson::ValidationResults::Error *deepest = nullptr;
        for (const auto &error : results) {
            if (deepest == nullptr || error.context.size() > deepest->context.size()) {
                deepest = &error;
            }
        }
        if (deepest != nullptr) {
            tell(fault->pointer, pointer(deepest->context));
            tell(fault->reason, deepest->description);
        } else {
            tell(fault->reason, "it is not as the schema says; a document of up to 64 KiB is told where");
        }
    } catch (const std::exception &error) {
        fault->pointer[0] = 0;
        tell(fault->reason, error.what());
    }
    return 0;
}
