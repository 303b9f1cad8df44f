#include "workload.h"

#include <fstream>
#include <sstream>

namespace cloister::bench {
namespace {

struct TableText {
  const char* name;
  const char* columns;  // name and type in turn
};

constexpr TableText kTables[] = {
    {"region", "r_regionkey INTEGER r_name VARCHAR r_comment VARCHAR"},
    {"nation", "n_nationkey INTEGER n_name VARCHAR n_regionkey INTEGER n_comment VARCHAR"},
    {"supplier",
     "s_suppkey BIGINT s_name VARCHAR s_address VARCHAR s_nationkey INTEGER s_phone VARCHAR s_acctbal DECIMAL(15,2) "
     "s_comment VARCHAR"},
    {"part",
     "p_partkey BIGINT p_name VARCHAR p_mfgr VARCHAR p_brand VARCHAR p_type VARCHAR p_size INTEGER p_container VARCHAR "
     "p_retailprice DECIMAL(15,2) p_comment VARCHAR"},
    {"partsupp",
     "ps_partkey BIGINT ps_suppkey BIGINT ps_availqty INTEGER ps_supplycost DECIMAL(15,2) ps_comment VARCHAR"},
    {"customer",
     "c_custkey BIGINT c_name VARCHAR c_address VARCHAR c_nationkey INTEGER c_phone VARCHAR c_acctbal DECIMAL(15,2) "
     "c_mktsegment VARCHAR c_comment VARCHAR"},
    {"orders",
     "o_orderkey BIGINT o_custkey BIGINT o_orderstatus VARCHAR o_totalprice DECIMAL(15,2) o_orderdate DATE "
     "o_orderpriority VARCHAR o_clerk VARCHAR o_shippriority INTEGER o_comment VARCHAR"},
    {"lineitem",
     "l_orderkey BIGINT l_partkey BIGINT l_suppkey BIGINT l_linenumber INTEGER l_quantity DECIMAL(15,2) "
     "l_extendedprice DECIMAL(15,2) l_discount DECIMAL(15,2) l_tax DECIMAL(15,2) l_returnflag VARCHAR "
     "l_linestatus VARCHAR l_shipdate DATE l_commitdate DATE l_receiptdate DATE l_shipinstruct VARCHAR "
     "l_shipmode VARCHAR l_comment VARCHAR"},
};

constexpr double kOrdersAtScaleOne = 1'500'000;

struct Section {
  std::string name;
  std::string text;
};

// The parts of a file, each after a line "--@ name".
Result<std::vector<Section>> Sections(const std::string& file) {
  std::ifstream in(std::string(CLOISTER_WORKLOAD) + "/" + file);
  if (!in) return Unavailable("the workload's " + file + " cannot be read");
  std::vector<Section> sections;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("--@ "))
      sections.push_back({.name = line.substr(4), .text = {}});
    else if (!sections.empty())
      sections.back().text += line + "\n";
  }
  return sections;
}

ShapeTable TableOf(const TableText& text) {
  ShapeTable table{.dataset = std::string("ds_") + text.name,
                   .name = text.name,
                   .schema = {},
                   .policy = {},
                   .sql = std::string("SELECT * FROM ") + text.name};
  table.policy.levels = {agreement::Level::kFullAccess};
  table.policy.min_group_size = 0;
  std::istringstream columns(text.columns);
  for (std::string name, type; columns >> name >> type;) {
    table.schema.columns.push_back({.name = name, .type = agreement::ColumnType::Parse(type).value()});
    table.policy.columns[name].roles = {agreement::Role::kPublic};
  }
  return table;
}

}  // namespace

Result<std::vector<std::string>> WorkloadSetUp(double scale) {
  std::vector<std::string> statements = {
      "SET VARIABLE sf=" + std::to_string(scale), "SET VARIABLE seed=42", "SET VARIABLE o_lo=0",
      "SET VARIABLE o_hi=" + std::to_string(static_cast<std::int64_t>(kOrdersAtScaleOne * scale))};
  CLOISTER_ASSIGN(const auto sections, Sections("gen.sql"));
  for (const Section& section : sections) statements.push_back(section.text);
  return statements;
}

Result<Questions> Workload() {
  Questions questions;
  for (const TableText& text : kTables) questions.tables.push_back(TableOf(text));
  CLOISTER_ASSIGN(const auto sections, Sections("queries.sql"));
  for (const Section& section : sections) questions.texts.push_back({.name = section.name, .text = section.text});
  return questions;
}

}  // namespace cloister::bench
