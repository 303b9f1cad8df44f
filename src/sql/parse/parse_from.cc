// FROM: datasets by bare name, derived tables, and joins of them (R02, R11, R18, R19).

#include "sql/parse/tree_reader.h"

namespace cloister::sql {
namespace {

std::vector<std::string> Names(const codec::JsonArray& array) {
  std::vector<std::string> names;
  for (const codec::Json& name : array) {
    if (name.is_string()) names.emplace_back(name.get_string());
  }
  return names;
}

ParsedFrom FromOf(ParsedFrom::Kind kind, TextRange range) {
  ParsedFrom from;
  from.kind = kind;
  from.range = range;
  return from;
}

void ExpectNoSample(TreeReader& in) { in.Expect("sample", nullptr, "R18", "Samples are random; remove TABLESAMPLE."); }

ParsedFrom ReadTable(TreeReader& in, ParseContext& context, TextRange range) {
  ParsedFrom from = FromOf(ParsedFrom::Kind::kTable, range);
  from.table = in.String("table_name");
  from.alias = in.String("alias");
  ExpectNoSample(in);
  in.Expect("schema_name", "", "R02", "Name datasets without a schema or catalog.");
  in.Expect("catalog_name", "", "R02", "Name datasets without a schema or catalog.");
  in.Expect("at_clause", nullptr, "R02", "A query reads the present version of a dataset; remove AT.");
  in.Expect("column_name_alias", codec::JsonArray(), "R04",
            "A dataset keeps its column names; rename in the select list with AS.");
  if (!in.Finish(range)) from.kind = ParsedFrom::Kind::kNone;
  (void)context;
  return from;
}

ParsedFrom ReadDerived(TreeReader& in, ParseContext& context, TextRange range) {
  ParsedFrom from = FromOf(ParsedFrom::Kind::kSubquery, range);
  from.alias = in.String("alias");
  ExpectNoSample(in);
  from.column_aliases = Names(in.Array("column_name_alias"));
  from.subquery = ParseStatement(in.Any("subquery"), context);
  if (!in.Finish(range) || !from.subquery) return {};
  from.range = Cover(range, from.subquery->range);
  return from;
}

std::optional<JoinKind> JoinKindOf(std::string_view name) {
  if (name == "INNER") return JoinKind::kInner;
  if (name == "LEFT") return JoinKind::kLeft;
  if (name == "RIGHT") return JoinKind::kRight;
  if (name == "FULL" || name == "OUTER") return JoinKind::kFull;
  if (name == "SEMI") return JoinKind::kSemi;
  if (name == "ANTI") return JoinKind::kAnti;
  return std::nullopt;
}

ParsedFrom ReadJoin(TreeReader& in, ParseContext& context, TextRange range) {
  ParsedFrom from = FromOf(ParsedFrom::Kind::kJoin, range);
  in.Expect("alias", "", "R02", "A join has no alias of its own.");
  ExpectNoSample(in);
  from.left = std::make_shared<ParsedFrom>(ParseFrom(in.Any("left"), context));
  from.right = std::make_shared<ParsedFrom>(ParseFrom(in.Any("right"), context));
  from.condition = ParseOptionalExpression(in.Any("condition"), context);
  from.using_columns = Names(in.Array("using_columns"));
  const std::string reference = in.String("ref_type");
  const auto kind = JoinKindOf(in.String("join_type"));
  in.Expect("delim_flipped", false, "R02", "This join is not admitted.");
  in.Expect("duplicate_eliminated_columns", codec::JsonArray(), "R02", "This join is not admitted.");
  if (reference == "NATURAL") {
    context.findings.Add({"R11", range, "NATURAL JOIN chooses its columns by itself; write JOIN ... USING (column)."});
    return {};
  }
  if (!kind || (reference != "REGULAR" && reference != "CROSS")) {
    context.findings.Add(
        {"R02", range,
         "Joins are INNER, LEFT, RIGHT, FULL, SEMI or ANTI; ASOF, POSITIONAL and LATERAL are not admitted."});
    return {};
  }
  const bool whole = from.left->kind != ParsedFrom::Kind::kNone && from.right->kind != ParsedFrom::Kind::kNone;
  if (!in.Finish(range) || !whole) return {};
  from.join = *kind;
  return from;
}

void RefuseFrom(std::string_view type, TextRange range, ParseContext& context) {
  if (type == "TABLE_FUNCTION") {
    context.findings.Add({"R02", range, "FROM holds registered datasets only, no functions."});
    context.findings.Add({"R19", range, "Table functions generate rows that are in no dataset."});
  } else if (type == "EXPRESSION_LIST") {
    context.findings.Add({"R02", range, "VALUES is not admitted in FROM; compare a column with constants in WHERE."});
  } else if (type == "SHOW_REF" || type == "PIVOT") {
    context.findings.Add({"R01", range, "Only SELECT is admitted: no SHOW, DESCRIBE, SUMMARIZE, PIVOT or UNPIVOT."});
  } else {
    context.findings.Add({"R02", range, "FROM holds registered datasets, derived tables and their joins only."});
  }
}

}  // namespace

ParsedFrom ParseFrom(const codec::Json& node, ParseContext& context) {
  ParsedFrom from;
  if (context.Enter()) {
    TreeReader in(node, context);
    const std::string type = in.String("type");
    const TextRange range = in.Range();
    if (type == "EMPTY") {
      in.Ignore("alias");
      in.Ignore("sample");
      in.Finish(range);
    } else if (type == "BASE_TABLE") {
      from = ReadTable(in, context, range);
    } else if (type == "SUBQUERY") {
      from = ReadDerived(in, context, range);
    } else if (type == "JOIN") {
      from = ReadJoin(in, context, range);
    } else {
      RefuseFrom(type, range, context);
    }
  }
  context.Leave();
  return from;
}

}  // namespace cloister::sql
