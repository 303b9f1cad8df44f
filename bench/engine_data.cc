#include "engine_data.h"

#include "engine/statement_parser.h"
#include "sql/compile.h"

namespace cloister::bench {
namespace {

using Columns = std::vector<std::pair<std::string, std::string>>;

agreement::DatasetSchema SchemaOf(const Columns& columns) {
  agreement::DatasetSchema schema;
  for (const auto& [name, type] : columns) {
    schema.columns.push_back({.name = name, .type = agreement::ColumnType::Parse(type).value()});
  }
  return schema;
}

// As an analyst would write them (../shared/workload/cleanroom.mjs), with what the rules ask for: tables of persons are
// joined on the person too.
struct FixedText {
  const char* name;
  const char* text;
};
constexpr FixedText kShapes[] = {
    {"overlap",
     "SELECT segment, count(*) AS n FROM customer WHERE EXISTS (SELECT 1 FROM orders WHERE o_person = c_person "
     "AND o_date >= DATE '1997-01-01') GROUP BY segment"},
    {"attribution",
     "SELECT n_name, segment, count(*) AS n, sum(total) AS s FROM customer JOIN nation ON n_nation = c_nation "
     "JOIN orders ON o_person = c_person WHERE o_date >= DATE '1997-01-01' GROUP BY n_name, segment"},
    {"timeseries",
     "SELECT date_trunc('month', o_date) AS m, priority, count(*) AS n, sum(total) AS s FROM orders "
     "GROUP BY m, priority"},
    {"lines",
     "SELECT flag, status, count(*) AS n, sum(price) AS s FROM lines JOIN orders ON o_order = l_order "
     "AND o_person = l_person GROUP BY flag, status"},
    {"fine",
     "SELECT segment, mode, year(l_date) AS y, count(*) AS n, sum(price) AS s FROM lines JOIN orders ON "
     "o_order = l_order AND o_person = l_person JOIN customer ON c_person = o_person GROUP BY segment, mode, y"},
};

// Measures are bounded, dates shown by month, nations public, everything else is a dimension.
agreement::DatasetPolicy PolicyOf(const agreement::DatasetSchema& schema) {
  agreement::DatasetPolicy policy;
  policy.levels = {agreement::Level::kAggregateOnly, agreement::Level::kDifferentialPrivacy,
                   agreement::Level::kFullAccess};
  if (schema.columns.front().name.starts_with("n_")) {
    for (const auto& column : schema.columns) policy.columns[column.name].roles = {agreement::Role::kPublic};
    policy.min_group_size = 0;
    return policy;
  }
  policy.budget = {.epsilon_per_query = 1,
                   .delta_per_query = 1e-6,
                   .epsilon_budget = 10,
                   .delta_budget = 1e-5,
                   .max_groups_contributed = 4,
                   .max_rows_per_unit = 20};
  policy.privacy_unit = schema.columns.front().name;
  for (const auto& column : schema.columns) {
    agreement::ColumnPolicy& says = policy.columns[column.name];
    if (column.name == policy.privacy_unit) {
      says.roles = {agreement::Role::kJoinKey};
      says.domain = "person";
    } else if (column.name.ends_with("_order")) {
      says.roles = {agreement::Role::kJoinKey};
      says.domain = "order";
    } else if (column.type.kind == agreement::ColumnType::Kind::kDouble) {
      says.roles = {agreement::Role::kMeasure};
      says.bounds = agreement::Bounds{.min = 0, .max = 500'000};
    } else {
      says.roles = {agreement::Role::kDimension};
    }
    if (column.type.kind == agreement::ColumnType::Kind::kDate) {
      says.date_granularity = agreement::DateGranularity::kMonth;
    }
  }
  return policy;
}

}  // namespace

agreement::DatasetSchema OrderLinesSchema() {
  return SchemaOf({{"order_id", "BIGINT"},      {"part_id", "BIGINT"},        {"supplier_id", "BIGINT"},
                   {"line", "INTEGER"},         {"quantity", "DECIMAL(15,2)"}, {"price", "DECIMAL(15,2)"},
                   {"discount", "DECIMAL(15,2)"}, {"tax", "DECIMAL(15,2)"},    {"flag", "VARCHAR"},
                   {"status", "VARCHAR"},       {"ship_day", "DATE"},         {"due_day", "DATE"},
                   {"receipt_day", "DATE"},     {"instruction", "VARCHAR"},   {"mode", "VARCHAR"},
                   {"note", "VARCHAR"}});
}

std::string OrderLinesSql(std::int64_t rows) {
  return "SELECT i // 4 + 1 AS order_id, (h % 200000)::BIGINT AS part_id, (h // 7 % 10000)::BIGINT AS supplier_id, "
         "(i % 4 + 1)::INTEGER AS line, (h // 11 % 50 + 1)::DECIMAL(15,2) AS quantity, "
         "((h // 13 % 10000000) / 100)::DECIMAL(15,2) AS price, ((h // 17 % 11) / 100)::DECIMAL(15,2) AS discount, "
         "((h // 19 % 9) / 100)::DECIMAL(15,2) AS tax, ['A', 'N', 'R'][(h % 3)::BIGINT + 1] AS flag, "
         "['F', 'O'][(h % 2)::BIGINT + 1] AS status, DATE '1992-01-01' + (h // 23 % 2400)::INTEGER AS ship_day, "
         "DATE '1992-02-01' + (h // 29 % 2400)::INTEGER AS due_day, "
         "DATE '1992-01-15' + (h // 31 % 2400)::INTEGER AS receipt_day, "
         "['IN PERSON', 'COLLECT ON DELIVERY', 'NONE', 'TAKE BACK RETURN'][(h // 37 % 4)::BIGINT + 1] AS instruction, "
         "['AIR', 'RAIL', 'SHIP', 'TRUCK', 'MAIL'][(h // 41 % 5)::BIGINT + 1] AS mode, "
         "concat(['slow', 'quick', 'careful', 'furious'][(h // 43 % 4)::BIGINT + 1], ' notes on ', h // 47 % 100000) "
         "AS note "
         "FROM (SELECT i, hash(i) AS h FROM range(" +
         std::to_string(rows) + ") t(i))";
}

namespace {

// The distributions of ../shared/workload/gen.sql: a third of the customers orders nothing, the others 15 times on the
// average, each time 1 to 7 lines that are shipped within four months.
std::string OrdersSql(std::int64_t persons) {
  return "SELECT *, CASE WHEN c % 3 = 0 THEN greatest(c - 1, 1) ELSE c END AS o_person, "
         "DATE '1992-01-01' + (h // 7 % 2406)::INTEGER AS o_date FROM (SELECT i, hash(i) AS h, "
         "(hash(i) // 5 % " +
         std::to_string(persons) + ")::BIGINT + 1 AS c, (i // 8 * 32 + i % 8 + 1)::BIGINT AS o_order FROM range(" +
         std::to_string(10 * persons) + ") t(i))";
}

std::vector<ShapeTable> ShapeTables(std::int64_t persons) {
  const std::string lines =
      "SELECT o_person AS l_person, o_order AS l_order, o_date + (g % 121 + 1)::INTEGER AS l_date, "
      "o_date + (g % 121 + 2 + g // 121 % 30)::INTEGER AS received, g FROM (SELECT *, hash(o_order * 8 + line) AS g "
      "FROM (SELECT *, UNNEST(range((h // 11 % 7)::BIGINT + 1)) AS line FROM (" +
      OrdersSql(persons) + ")))";
  return {
      {"ds_nation", "nation", SchemaOf({{"n_nation", "INTEGER"}, {"n_name", "VARCHAR"}}), {},
       "SELECT i::INTEGER AS n_nation, concat('NATION ', i) AS n_name FROM range(25) t(i)"},
      {"ds_customer", "customer", SchemaOf({{"c_person", "BIGINT"}, {"segment", "VARCHAR"}, {"c_nation", "INTEGER"}}),
       {},
       "SELECT i + 1 AS c_person, ['AUTOMOBILE', 'BUILDING', 'FURNITURE', 'MACHINERY', 'HOUSEHOLD'][(h % 5)::BIGINT + "
       "1] AS segment, (h // 7 % 25)::INTEGER AS c_nation FROM (SELECT i, hash(i) AS h FROM range(" +
           std::to_string(persons) + ") t(i))"},
      {"ds_orders", "orders",
       SchemaOf({{"o_person", "BIGINT"},
                 {"o_order", "BIGINT"},
                 {"o_date", "DATE"},
                 {"priority", "VARCHAR"},
                 {"total", "DOUBLE"}}),
       {},
       "SELECT o_person, o_order, o_date, ['1-URGENT', '2-HIGH', '3-MEDIUM', '4-NOT SPECIFIED', '5-LOW'][(h // 13 % "
       "5)::BIGINT + 1] AS priority, (h // 17 % 40000000)::DOUBLE / 100 AS total FROM (" +
           OrdersSql(persons) + ")"},
      {"ds_lines", "lines",
       SchemaOf({{"l_person", "BIGINT"},
                 {"l_order", "BIGINT"},
                 {"l_date", "DATE"},
                 {"flag", "VARCHAR"},
                 {"status", "VARCHAR"},
                 {"mode", "VARCHAR"},
                 {"price", "DOUBLE"}}),
       {},
       "SELECT l_person, l_order, l_date, CASE WHEN received > DATE '1995-06-17' THEN 'N' WHEN g // 7919 % 2 = 0 THEN "
       "'R' ELSE 'A' END AS flag, CASE WHEN l_date > DATE '1995-06-17' THEN 'O' ELSE 'F' END AS status, ['REG AIR', "
       "'AIR', 'RAIL', 'SHIP', 'TRUCK', 'MAIL', 'FOB'][(g // 31 % 7)::BIGINT + 1] AS mode, (g // 13 % "
       "10000000)::DOUBLE "
       "/ 100 AS price FROM (" +
           lines + ")"},
  };
}

}  // namespace

Questions ShapeQuestions(std::int64_t persons) {
  Questions questions{.tables = ShapeTables(persons), .texts = {}};
  for (ShapeTable& table : questions.tables) table.policy = PolicyOf(table.schema);
  for (const FixedText& shape : kShapes) questions.texts.push_back({.name = shape.name, .text = shape.text});
  return questions;
}

Result<std::vector<Shape>> CompileShapes(const Questions& questions, agreement::Level level, bool guarded) {
  CLOISTER_ASSIGN(const auto parser, engine::DuckDbStatementParser::Open());
  sql::CompileRequest request;
  request.analyst_organisation = "analyst";
  request.level = agreement::LevelName(level);
  request.cross_owner_joins_allowed = true;
  request.history_guard = guarded;
  for (const ShapeTable& table : questions.tables) {
    request.datasets.push_back({.id = table.dataset,
                                .name = table.name,
                                .organisation = "owner of " + table.name,
                                .schema = table.schema,
                                .policy = table.policy});
  }
  std::vector<Shape> shapes;
  for (const ShapeText& shape : questions.texts) {
    request.text = shape.text;
    CLOISTER_ASSIGN(auto verdict, sql::Compile(request, *parser));
    auto* compiled = std::get_if<sql::CompiledQuery>(&verdict);
    if (compiled == nullptr) return Internal("the compiler refuses " + shape.name);
    shapes.push_back({.name = shape.name, .plan = std::move(compiled->plan)});
  }
  return shapes;
}

}  // namespace cloister::bench
