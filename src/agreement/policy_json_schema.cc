// api/policy.schema.json; the test holds both to the same bytes.

#include "agreement/policy_json_schema.h"

namespace cloister::agreement {
namespace {

constexpr std::string_view kSchema = R"json({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "$id": "https://cloister.example/schemas/policy.schema.json",
  "title": "Policy of a dataset, or a policy file with tests",
  "description": "What an owner allows with a dataset; what is absent has the safe value (docs/formats/policy.md).",
  "oneOf": [
    {"$ref": "#/$defs/policy"},
    {"$ref": "#/$defs/preset"},
    {
      "type": "object",
      "properties": {
        "policy": {"oneOf": [{"$ref": "#/$defs/policy"}, {"$ref": "#/$defs/preset"}]},
        "tests": {"type": "array", "maxItems": 256, "items": {"$ref": "#/$defs/test"}}
      },
      "required": ["policy"],
      "additionalProperties": false
    }
  ],
  "$defs": {
    "level": {
      "description": "Rows; a generalised release; groups of enough people; noisy aggregates.",
      "enum": ["full_access", "k_anonymized", "aggregate_only", "differential_privacy"]
    },
    "preset": {
      "type": "object",
      "properties": {
        "preset": {"enum": ["aggregates_only", "research_release", "private_statistics", "public_table"]},
        "privacy_unit": {
          "description": "The column that says whom a row is about; absent for public_table.",
          "type": "string",
          "maxLength": 4096
        }
      },
      "required": ["preset"],
      "additionalProperties": false
    },
    "policy": {
      "type": "object",
      "properties": {
        "levels": {
          "description": "Levels granted. Absent: aggregate_only. Empty: nothing may be asked.",
          "type": "array",
          "maxItems": 4,
          "items": {"$ref": "#/$defs/level"}
        },
        "privacy_unit": {
          "description": "The column that identifies whom the policy protects; null where no person is in the data.",
          "type": ["string", "null"]
        },
        "min_group_size": {
          "description": "k: people in every released group.",
          "type": "integer",
          "minimum": 0,
          "maximum": 1000000,
          "default": 25
        },
        "columns": {
          "description": "By the schema's names; a column without an entry is hidden.",
          "type": "object",
          "additionalProperties": {"$ref": "#/$defs/column"}
        },
        "differential_privacy": {"$ref": "#/$defs/differential_privacy"},
        "k_anonymized": {"$ref": "#/$defs/k_anonymized"},
        "limits": {"$ref": "#/$defs/limits"},
        "may_query": {"description": "Thumbprints; absent: every participant.", "$ref": "#/$defs/people"},
        "may_receive": {"description": "Thumbprints; absent: every participant.", "$ref": "#/$defs/people"},
        "owner_approval": {"const": "each_query"}
      },
      "required": ["privacy_unit"],
      "additionalProperties": false
    },
    "people": {"type": "array", "maxItems": 256, "items": {"type": "string"}},
    "column": {
      "type": "object",
      "properties": {
        "roles": {
          "oneOf": [
            {"type": "array", "minItems": 1, "maxItems": 5, "items": {"enum": ["dimension", "measure"]}},
            {"type": "array", "minItems": 1, "maxItems": 5, "items": {"const": "join_key"}},
            {"type": "array", "minItems": 1, "maxItems": 5, "items": {"const": "hidden"}},
            {"type": "array", "minItems": 1, "maxItems": 5, "items": {"const": "public"}}
          ]
        },
        "domain": {
          "description": "Of a join key: keys join only within one domain.",
          "type": "string",
          "maxLength": 128
        },
        "bounds": {
          "description": "[least, greatest]: what the values can be at all.",
          "oneOf": [{"type": "null"}, {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "number"}}]
        },
        "filter_grid": {
          "description": "Constants compared with it are multiples of this; absent on a measure: no filter.",
          "$ref": "#/$defs/step"
        },
        "granularity": {"description": "The finest step of its values.", "$ref": "#/$defs/step"},
        "date_granularity": {"enum": ["day", "month", "quarter", "year"], "default": "year"},
        "generalise": {"$ref": "#/$defs/steps"},
        "hierarchy": {"$ref": "#/$defs/steps"},
        "quasi_identifier": {"type": "boolean", "default": false},
        "sensitive": {"type": "boolean", "default": false},
        "l_diversity": {
          "description": "Different values in each class of a k-anonymous release; absent on a sensitive column: 2.",
          "type": "integer",
          "minimum": 1,
          "maximum": 1000000
        },
        "entropy_l_diversity": {
          "description": "Values in each class are at least as mixed as this many equally frequent ones.",
          "type": "number",
          "minimum": 1,
          "maximum": 1000000
        },
        "t_closeness": {
          "description": "How far the values of a class may be from those of the whole release: 0 equal, 1 anything.",
          "type": "number",
          "minimum": 0,
          "maximum": 1
        },
        "quantiles": {"type": "boolean", "default": false},
        "kanon_band": {"$ref": "#/$defs/step"},
        "public_values": {
          "description": "Of a dimension: its values, which everybody may know; with noise all of them are shown.",
          "type": "array",
          "minItems": 1,
          "maxItems": 1024,
          "items": {"type": ["string", "integer", "boolean"]}
        }
      },
      "required": ["roles"],
      "additionalProperties": false
    },
    "step": {"type": "number", "exclusiveMinimum": 0, "maximum": 1e300},
    "steps": {
      "type": "array",
      "maxItems": 64,
      "items": {"oneOf": [{"type": "string"}, {"type": "number", "exclusiveMinimum": 0}]}
    },
    "differential_privacy": {
      "type": "object",
      "properties": {
        "accounting": {
          "description": "How charges add up: sums of epsilon, or zero-concentrated differential privacy.",
          "enum": ["sums", "zcdp"],
          "default": "sums"
        },
        "epsilon_budget": {"type": "number", "minimum": 0, "maximum": 1000000, "default": 0},
        "delta_budget": {"type": "number", "minimum": 0, "maximum": 1, "default": 0},
        "epsilon_per_query": {"type": "number", "minimum": 0, "maximum": 1000000, "default": 1},
        "delta_per_query": {"type": "number", "minimum": 0, "maximum": 1, "default": 1e-06},
        "max_groups_contributed": {"type": "integer", "minimum": 1, "maximum": 1000000, "default": 1},
        "max_rows_per_unit": {"type": "integer", "minimum": 1, "maximum": 1000000, "default": 1}
      },
      "additionalProperties": false
    },
    "k_anonymized": {
      "type": "object",
      "properties": {
        "suppression_limit": {
          "description": "The share of rows that a release may leave out, to generalise the others less.",
          "type": "number",
          "minimum": 0,
          "maximum": 1,
          "default": 0.05
        }
      },
      "additionalProperties": false
    },
    "limits": {
      "type": "object",
      "properties": {
        "runs": {
          "description": "How many queries may ever run; absent: without limit.",
          "type": "integer",
          "minimum": 0,
          "maximum": 1000000000
        },
        "not_before": {"$ref": "#/$defs/time"},
        "not_after": {"$ref": "#/$defs/time"},
        "templates_only": {"type": "boolean", "default": false},
        "templates": {"type": "array", "maxItems": 64, "items": {"$ref": "#/$defs/template"}}
      },
      "additionalProperties": false
    },
    "time": {
      "description": "UTC, whole seconds.",
      "type": "string",
      "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"
    },
    "template": {
      "type": "object",
      "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 200},
        "text": {"type": "string", "minLength": 1, "maxLength": 8192},
        "parameters": {"type": "object", "maxProperties": 32, "additionalProperties": {"$ref": "#/$defs/range"}}
      },
      "required": ["name", "text"],
      "additionalProperties": false
    },
    "range": {
      "oneOf": [
        {
          "type": "object",
          "properties": {"min": {"type": "number"}, "max": {"type": "number"}, "step": {"$ref": "#/$defs/step"}},
          "required": ["min", "max"],
          "additionalProperties": false
        },
        {
          "type": "object",
          "properties": {"earliest": {"$ref": "#/$defs/date"}, "latest": {"$ref": "#/$defs/date"}},
          "required": ["earliest", "latest"],
          "additionalProperties": false
        },
        {
          "type": "object",
          "properties": {
            "values": {
              "type": "array",
              "minItems": 1,
              "maxItems": 256,
              "items": {"type": ["string", "number", "boolean"]}
            }
          },
          "required": ["values"],
          "additionalProperties": false
        }
      ]
    },
    "date": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
    "test": {
      "type": "object",
      "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 200},
        "query_text": {"type": "string", "minLength": 1, "maxLength": 65536},
        "privacy_level": {"$ref": "#/$defs/level"},
        "parameters": {"type": "object"},
        "expect": {"enum": ["refused", "accepted"]},
        "rule": {
          "description": "Of a refusal: a finding of this rule must be among those found.",
          "type": "string",
          "maxLength": 16
        },
        "as": {"description": "E-mail address or thumbprint of who asks.", "type": "string", "maxLength": 200}
      },
      "required": ["name", "query_text", "expect"],
      "additionalProperties": false
    }
  },
  "$comment": "Columns must be the dataset's, the privacy unit one with the role join_key, and ranges in order."
}
)json";

}  // namespace

std::string_view PolicyJsonSchema() { return kSchema; }

}  // namespace cloister::agreement
