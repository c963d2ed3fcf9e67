/* @import of JSON (RFC 8259, read by jansson): the tree as triples (node, key, value). Nodes are numbered from 0, the
 * root; each has a `type`, scalars a `value`, arrays and objects their children (section 3 of the language). */
#include "reasoner/files.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

typedef struct Node {
    const json_t *json;
    int64_t id;
} Node;

typedef struct Walk {
    FileRun *run;
    const TransferPlan *plan;
    Relation *relation;
    struct {
        Node *items;
        size_t count, capacity;
    } pending;
    int64_t next;
} Walk;

static bool add(Walk *walk, int64_t id, const Value *key, const Value *value)
{
    Values *const values = walk->run->evaluation.values;
    const uint32_t row[3] = {reasoner_intern(values, &(Value){.kind = VALUE_INTEGER, .integer = id}),
                             reasoner_intern(values, key), reasoner_intern(values, value)};
    uint64_t added;
    walk->run->records++;
    return !reasoner_values_failed(values) && reasoner_relation_add(walk->relation, row, 1, 0, NOWHERE, &added);
}

static Value iri(const char *text)
{
    return (Value){.kind = VALUE_IRI, .text = {text, strlen(text)}};
}

static Value string(const char *text, size_t length)
{
    return (Value){.kind = VALUE_STRING, .text = {text, length}};
}

/* A child with the next number, to be looked at later. */
static bool add_child(Walk *walk, int64_t parent, const Value *key, const json_t *json)
{
    const Node child = {json, walk->next++};
    return BASE_PUSH(&walk->pending, child) &&
           add(walk, parent, key, &(Value){.kind = VALUE_INTEGER, .integer = child.id});
}

static bool add_children(Walk *walk, const Node *node)
{
    const char *name;
    json_t *item;
    size_t index;
    bool is_fine = true;
    if (json_is_array(node->json)) {
        json_array_foreach(node->json, index, item) is_fine =
            is_fine && add_child(walk, node->id, &(Value){.kind = VALUE_INTEGER, .integer = (int64_t)index}, item);
    } else {
        json_t *const object = (json_t *)(uintptr_t)node->json;
        json_object_foreach(object, name, item)
        {
            const Value key = string(name, strlen(name));
            is_fine = is_fine && add_child(walk, node->id, &key, item);
        }
    }
    return is_fine;
}

static bool add_node(Walk *walk, const Node *node)
{
    static const char *const names[] = {
        [JSON_OBJECT] = "object", [JSON_ARRAY] = "array", [JSON_STRING] = "string", [JSON_INTEGER] = "number",
        [JSON_REAL] = "number",   [JSON_TRUE] = "bool",   [JSON_FALSE] = "bool",    [JSON_NULL] = "null",
    };
    const Value type = iri("type"), key = iri("value");
    const char *const name = names[json_typeof(node->json)];
    const Value kind = string(name, strlen(name));
    if (!add(walk, node->id, &type, &kind))
        return false;
    Value value;
    switch (json_typeof(node->json)) {
    case JSON_STRING:
        value = string(json_string_value(node->json), json_string_length(node->json));
        break;
    case JSON_INTEGER:
        value = (Value){.kind = VALUE_INTEGER, .integer = json_integer_value(node->json)};
        break;
    case JSON_REAL:
        value = (Value){.kind = VALUE_DOUBLE, .real = json_real_value(node->json)};
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        value = (Value){.kind = VALUE_BOOLEAN, .integer = json_is_true(node->json)};
        break;
    case JSON_NULL:
        return true;
    default:
        return add_children(walk, node);
    }
    return add(walk, node->id, &key, &value);
}

BaseStatus reasoner_import_json(FileRun *run, const Transfer *transfer, const char *path, BaseError *err)
{
    const uint32_t relation = reasoner_relation_of(run->program, transfer->found);
    Walk walk = {.run = run, .plan = transfer->plan, .relation = &run->evaluation.relations[relation], .next = 1};
    char *bytes = NULL;
    size_t length;
    json_error_t fault;
    BaseStatus status = base_read_file(path, &bytes, &length, err);
    if (status != BASE_OK)
        return status;
    json_t *const root = json_loadb(bytes, length, JSON_DECODE_ANY, &fault);
    if (!root)
        status = base_fail_at(err, BASE_BAD_INPUT,
                              base_source_at(path, bytes, length, (size_t)(fault.position > 0 ? fault.position : 0), 1),
                              "%s", fault.text);
    bool is_fine = !root || BASE_PUSH(&walk.pending, (Node){root, 0});
    while (is_fine && root && walk.pending.count > 0) {
        const Node node = walk.pending.items[--walk.pending.count];
        is_fine = add_node(&walk, &node);
    }
    json_decref(root);
    free(walk.pending.items);
    free(bytes);
    return is_fine ? status : reasoner_out_of_values(err);
}
