#pragma once

#include <cstdio>
#include <stdexcept>
#include <string>
#include <unordered_map>

#include <nlohmann/json.hpp>

/// Refuses a schema that applies itself to the same value again by "$ref", alone or inside "allOf" and the like:
/// valijson follows it until the stack overflows, while reading the schema or while checking a document. (By
/// "properties", "items" and other keywords a schema may contain itself: each applies it to a smaller value.)
class Loops {
public:
    static void refuse(const nlohmann::json &schema) {
        Loops loops(schema);
        loops.visit(schema);
    }

private:
    /// The most schemas that may lead from one to the next.
    static const int kDepth = 500;

    const nlohmann::json &root;
    /// False while the schemas that a schema leads to are being followed.
    std::unordered_map<const nlohmann::json *, bool> isDone;

    explicit Loops(const nlohmann::json &root) : root(root) {}

    void visit(const nlohmann::json &value) {
        if (value.is_object()) follow(value, 0);
        if (!value.is_structured()) return;
        for (const nlohmann::json &inner : value) visit(inner);
    }

    void follow(const nlohmann::json &schema, int depth) {
        if (!schema.is_object()) return;
        auto known = isDone.find(&schema);
        if (known != isDone.end()) {
            if (!known->second) throw std::invalid_argument("by \"$ref\" it applies itself to the same value again, without end");
            return;
        }
        if (depth > kDepth) throw std::invalid_argument("over 500 of its schemas lead from one to the next by \"$ref\"");
        isDone[&schema] = false;
        auto reference = schema.find("$ref");
        if (reference != schema.end() && reference->is_string()) {
            const nlohmann::json *target = find(reference->get_ref<const std::string &>());
            if (target != nullptr) follow(*target, depth + 1);
        } else {
            for (const char *name : {"allOf", "anyOf", "oneOf", "dependencies", "not", "if", "then", "else"}) {
                auto inner = schema.find(name);
                if (inner == schema.end()) continue;
                // The first four are lists or maps of schemas.
                if (name[0] == 'a' || name[0] == 'o' || name[0] == 'd') {
                    if (!inner->is_structured()) continue;
                    for (const nlohmann::json &part : *inner) follow(part, depth + 1);
                } else {
                    follow(*inner, depth + 1);
                }
            }
        }
        isDone[&schema] = true;
    }

    /// The schema that a reference like `#/definitions/a` leads to; null if there is none. (Other documents are not
    /// fetched.)
    const nlohmann::json *find(const std::string &reference) {
        std::string path;
        size_t start = reference.find('#');
        for (size_t index = start == std::string::npos ? reference.size() : start + 1; index < reference.size(); index++) {
            unsigned byte = 0;
            if (reference[index] == '%' && std::sscanf(reference.c_str() + index + 1, "%2x", &byte) == 1) {
                path += static_cast<char>(byte);
                index += 2;
            } else {
                path += reference[index];
            }
        }
        while (!path.empty() && path.back() == '/') path.pop_back();
        try {
            return &root.at(nlohmann::json::json_pointer(path));
        } catch (const nlohmann::json::exception &) {
            return nullptr;
        }
    }
};
