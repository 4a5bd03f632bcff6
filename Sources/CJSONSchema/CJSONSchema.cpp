#include "CJSONSchema.h"

#include <cstdio>
#include <exception>
#include <string>

// Else it ends the process where it finds a fault in a schema.
#define VALIJSON_USE_EXCEPTIONS 1

#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

struct cschema {
    valijson::Schema schema;
};

namespace {

using Adapter = valijson::adapters::NlohmannJsonAdapter;

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
        auto document = nlohmann::json::parse(text, text + size);
        valijson::Validator validator;
        valijson::ValidationResults results;
        if (validator.validate(schema->schema, Adapter(document), &results)) {
            return 1;
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
            fault->pointer[0] = 0;
            tell(fault->reason, "it is not as the schema says");
        }
    } catch (const std::exception &error) {
        fault->pointer[0] = 0;
        tell(fault->reason, error.what());
    }
    return 0;
}
