#include "CJSONSchema.h"
#include "Loops.h"

#include <cstdio>
#include <exception>
#include <regex>
#include <string>
#include <unordered_map>
#include <vector>

// Makes valijson throw; otherwise it aborts the process on a faulty schema.
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
    /// The schema's patterns, by their text.
    Regexes patterns;
    /// Whether the schema has formats for dates or times, which valijson checks with its own expressions.
    bool hasFormats = false;
    bool wantsUnique = false;
    /// Whether the schema has patterns for names. valijson compiles an expression for these each time.
    bool hasNamePatterns = false;
};

namespace {

using Adapter = valijson::adapters::NlohmannJsonAdapter;
using Visitor = valijson::ValidationVisitor<Adapter>;
using json = nlohmann::json;

/// The most bytes of a document for which the place of a fault is reported: valijson remembers every fault that it
/// finds.
const size_t kToldInFull = 64 * 1024;
/// The most digits in a row for valijson's own expressions, which recurse once per digit.
const size_t kDigits = 1000;
/// The most bytes of a name that is matched with a pattern, for the same reason.
const size_t kName = 1000;
/// About the most comparisons that are made to check whether the elements of arrays are unique.
const double kComparisons = 5e7;

/// Finds a schema's patterns, and keywords that take more than linear time.
///
/// libstdc++ matches expressions recursively, one call per character: a long text overflows the stack. With
/// __polynomial it uses one loop for any pattern, but does not support back references.
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

/// The size of a value, and the cost of comparing the elements of all its arrays with each other.
size_t weigh(const json &value, double &comparisons) {
    size_t weight = 1;
    if (value.is_string()) weight += value.get_ref<const std::string &>().size() / 16;
    if (value.is_structured()) {
        for (const json &inner : value) weight += weigh(inner, comparisons);
    }
    if (value.is_array()) comparisons += static_cast<double>(value.size()) * static_cast<double>(weight) / 2;
    return weight;
}

/// Whether the value has a name that is too long to be matched.
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

/// Whether a text in the value has more digits in a row than can be matched.
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
        Loops::refuse(document);
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
            tell(fault->reason, "a text has over 1000 digits in a row; it cannot be a date or time");
            return 0;
        }
        if (schema->hasNamePatterns && hasLongName(document)) {
            tell(fault->reason, "a name has over 1000 bytes; use shorter names with a schema that has patterns of names");
            return 0;
        }
        double comparisons = 0;
        if (schema->wantsUnique && (weigh(document, comparisons), comparisons > kComparisons)) {
            tell(fault->reason, "its arrays are too long to check that their elements are unique; send shorter ones");
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
        // A fault is reported at its place first, then for each container around it.
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
            tell(fault->reason, "it does not match the schema; the place is reported only for documents of up to 64 KiB");
        }
    } catch (const std::exception &error) {
        fault->pointer[0] = 0;
        tell(fault->reason, error.what());
    }
    return 0;
}
