// Rules R17 and R24, the part that can be seen in one query. Two releases of one dataset can be subtracted from each
// other: a total minus the groups shown gives the group that was held back, and two filters that differ by one person
// give that person. So releases of the same rows are protected together:
//
//   SELECT hospital, COUNT(*) * 100.0 / (SELECT COUNT(*) FROM patients) FROM patients GROUP BY hospital
//
// The total is made of the rows of hospitals that are shown (Release::finest). Releases by the same keys are shown
// where what one selects and the other does not is no one or enough (UnitAggregate::differences). Releases of different
// tables that share a dataset are shown where the persons of one that the other lacks are none or enough
// (Release::outside). Set operations that show keys alone have nothing to subtract. Anything else is refused.

#include <algorithm>

#include "base/check.h"
#include "sql/passes/permitter.h"
#include "sql/passes/release_family.h"

namespace cloister::sql {

struct Permitter::Seen {
  const Relation* relation = nullptr;
  const Release* release = nullptr;
  std::set<const CompileDataset*> datasets;
  std::optional<BlockForm> form;
};

namespace {

void CollectDatasets(const UnitBlock& block, std::set<const CompileDataset*>& out) {
  for (const UnitCounter& counter : block.counters) out.insert(counter.dataset);
  for (const UnitSemiJoin& join : block.semi_joins) CollectDatasets(*join.block, out);
}

bool ShowsKeysAlone(const Relation& relation) {
  if (relation.kind == Relation::Kind::kSetOperation) {
    return ShowsKeysAlone(*relation.left) && ShowsKeysAlone(*relation.right);
  }
  if (relation.kind != Relation::Kind::kSelect) return false;
  const From& from = relation.from;
  if (from.kind != From::Kind::kSource) return false;
  const Relation& source = *from.source.relation;
  return std::all_of(relation.items.begin(), relation.items.end(), [&](const ExprPtr& item) {
    if (!IsColumn(item)) return false;
    if (source.kind == Relation::Kind::kRelease) return item->column < static_cast<int>(source.release->keys.size());
    if (source.kind != Relation::Kind::kSelect || item->column >= static_cast<int>(source.items.size())) return false;
    Relation inner = source;
    inner.items = {source.items[item->column]};
    return ShowsKeysAlone(inner);
  });
}

// Releases of the query, without those below a set operation (not UNION ALL) that shows keys alone.
template <typename Seen>
void Collect(const RelationPtr& root, std::vector<Seen>& out) {
  const bool keys_alone = root->kind == Relation::Kind::kSetOperation &&
                          !(root->operation == SetOperation::kUnion && root->all) && ShowsKeysAlone(*root);
  if (keys_alone) return;
  if (root->kind == Relation::Kind::kRelease && !root->release->counted) {
    Seen seen{root.get(), root->release.get(), {}, BlockForm::Of(*root->release->block)};
    CollectDatasets(*root->release->block, seen.datasets);
    out.push_back(std::move(seen));
  }
  ForEachSource(root->from, [&](const Source& source) { Collect(source.relation, out); });
  const std::function<void(const ExprPtr&)> subqueries = [&](const ExprPtr& expr) {
    if (expr->relation) Collect(expr->relation, out);
    ForEachChild(*expr, subqueries);
  };
  ForEachExpr(*root, subqueries);
  if (root->left) Collect(root->left, out);
  if (root->right) Collect(root->right, out);
}

bool Share(const std::set<const CompileDataset*>& a, const std::set<const CompileDataset*>& b) {
  return std::any_of(a.begin(), a.end(), [&](const CompileDataset* dataset) { return b.contains(dataset); });
}

// The counter of a dataset that both blocks have as a table.
const UnitCounter* CounterOf(const UnitBlock& block, const CompileDataset* dataset) {
  for (const UnitCounter& counter : block.counters) {
    if (counter.dataset == dataset && !counter.optional) return &counter;
  }
  return nullptr;
}

}  // namespace

// Filters of one release that not all have; nothing when they could pick out persons.
std::optional<std::vector<ExprPtr>> Permitter::Extras(const Seen& one, const std::set<std::string>& common) {
  std::vector<ExprPtr> extras;
  for (const ExprPtr& test : one.release->block->where) {
    if (common.contains(one.form->Form(test))) continue;
    const bool plain = !IsKeyEquality(test) && !IsPublicEquality(test) && !ContainsKind(test, ExprKind::kSubquery);
    if (!plain || !scope_.CheckIsolation(test)) return std::nullopt;
    extras.push_back(test);
  }
  return extras;
}

bool Permitter::GuardFamily(const std::vector<const Seen*>& family) {
  std::map<std::string, std::size_t> uses;
  for (const Seen* seen : family) {
    std::set<std::string> own;
    for (const ExprPtr& test : seen->release->block->where) own.insert(seen->form->Form(test));
    for (const std::string& test : own) ++uses[test];
  }
  std::set<std::string> common;
  for (const auto& [test, times] : uses) {
    if (times == family.size()) common.insert(test);
  }
  std::vector<FamilyMember> members;
  for (const Seen* seen : family) {
    const auto built = built_.find(seen->release);
    auto extras = Extras(*seen, common);
    if (built == built_.end() || !extras) return false;
    members.push_back({&*seen->form, built->second.get(), std::move(*extras)});
  }
  ReleaseFamily together(std::move(members), std::move(common));
  if (together.selections() <= kConditionsMax) return together.Guard();
  findings_.Add({"R23", family[0]->relation->range,
                 "The parts of this query select rows in more than " + std::to_string(kConditionsMax) +
                     " ways; ask for them in several queries."});
  return true;
}

// Which rows of a dataset a block has depends on their persons alone: nothing tests the rows themselves that `common`
// does not hold, and no public table is joined to them that the other block lacks.
bool Permitter::RowsFollowPersons(const Seen& one, const Seen& other, const std::set<std::string>& common) {
  const auto has = [](const UnitBlock& block, const CompileDataset* dataset) {
    return std::any_of(block.tables.begin(), block.tables.end(),
                       [&](const UnitTablePtr& table) { return table->dataset == dataset; });
  };
  for (const UnitTablePtr& table : one.release->block->tables) {
    const bool lacks = table->dataset != nullptr && !has(*other.release->block, table->dataset);
    if (lacks && table->counters.empty()) return false;
  }
  for (const ExprPtr& test : one.release->block->where) {
    if (common.contains(one.form->Form(test))) continue;
    bool shared = false;
    ForEachColumn(test, [&](const Expr& column) {
      const CompileDataset* dataset = scope_.Table(column.source)->dataset;
      shared = shared || (dataset != nullptr && has(*other.release->block, dataset));
    });
    if (shared) return false;
  }
  return true;
}

// Releases of different tables, grouped by the same columns of a dataset that both have: the persons of one that the
// other lacks are none or enough.
bool Permitter::GuardOutside(const Seen& one, const Seen& other) {
  const Release& release = *one.release;
  const Release& second = *other.release;
  const auto keys = [](const Seen& seen) {
    std::set<std::string> forms;
    for (const ExprPtr& key : seen.release->keys)
      forms.insert(seen.form->HasDatasets(key) ? seen.form->Form(key) : "");
    return forms;
  };
  const auto built = built_.find(&release);
  const bool alike = release.sets.empty() && second.sets.empty() && keys(one) == keys(other) &&
                     !keys(one).contains("") && !release.finest && !second.finest;
  std::set<std::string> fixed;
  std::set<std::string> others;
  for (const ExprPtr& test : second.block->where) others.insert(other.form->Form(test));
  for (const ExprPtr& test : release.block->where) {
    const std::string form = one.form->Form(test);
    if (IsKeyEquality(test) || IsPublicEquality(test) || others.contains(form)) fixed.insert(form);
  }
  if (built == built_.end() || !alike || !Extras(one, fixed) || !RowsFollowPersons(one, other, fixed)) return false;
  for (const CompileDataset* dataset : one.datasets) {
    if (!other.datasets.contains(dataset)) continue;
    const UnitCounter* own = CounterOf(*release.block, dataset);
    const UnitCounter* inner = CounterOf(*second.block, dataset);
    // In a derived table the rows may be a choice of each person's rows.
    if (own == nullptr || inner == nullptr || !one.form->HasDatasets(own->unit) ||
        !other.form->HasDatasets(inner->unit))
      return false;
    built->second->outside.push_back({own->unit, own->k, second.block, inner->unit});
  }
  return true;
}

void Permitter::CheckSeveral(const RelationPtr& root) {
  std::vector<Seen> releases;
  Collect(root, releases);
  std::map<std::string, std::vector<const Seen*>> families;
  for (const Seen& seen : releases) {
    if (seen.form) families[seen.form->rows()].push_back(&seen);
  }
  const auto refuse = [&](const Seen& seen) {
    findings_.Add({"R17", seen.relation->range,
                   "This query releases one dataset twice, in groups or filters that could be subtracted from each "
                   "other to show a suppressed group; use GROUP BY ROLLUP for totals, FILTER for parts, or two "
                   "queries."});
  };
  for (const auto& [rows, family] : families) {
    if (family.size() > 1 && !GuardFamily(family)) refuse(*family.back());
  }
  for (std::size_t i = 0; i < releases.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const Seen& one = releases[j];
      const Seen& two = releases[i];
      if (!Share(one.datasets, two.datasets)) continue;
      if (one.form && two.form && one.form->rows() == two.form->rows()) continue;
      if (!one.form || !two.form || !GuardOutside(one, two) || !GuardOutside(two, one)) refuse(two);
    }
  }
}

}  // namespace cloister::sql
