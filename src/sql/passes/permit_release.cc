// Released values and where they begin.

#include <algorithm>

#include "sql/passes/permitter.h"

namespace cloister::sql {

using agreement::Role;

bool Permitter::IsProtected(const From& from) const {
  bool any = false;
  ForEachSource(from, [&](const Source& source) { any = any || IsProtected(*source.relation); });
  return any;
}

// Rows of persons, or values about single ones.
bool Permitter::IsProtected(const Relation& relation) const {
  switch (relation.kind) {
    case Relation::Kind::kDataset:
      return !relation.dataset->policy.IsPublic();
    case Relation::Kind::kSelect:
      return IsProtected(relation.from) && (!relation.grouped || GroupsByUnit(relation));
    case Relation::Kind::kSetOperation:
      return IsProtected(*relation.left) || IsProtected(*relation.right);
    case Relation::Kind::kRelease:
      return false;
  }
  return true;
}

bool Permitter::IsUnitKey(const ExprPtr& expr, const From& from) const {
  if (!IsColumn(expr)) return false;
  bool key = false;
  ForEachSource(from, [&](const Source& source) {
    if (source.id != expr->source) return;
    const Relation& relation = *source.relation;
    if (relation.kind == Relation::Kind::kDataset) {
      const auto& policy = relation.dataset->policy;
      key = policy.Column(relation.columns[expr->column].name).Is(Role::kJoinKey) && !policy.IsPublic();
    } else if (relation.kind == Relation::Kind::kSelect && IsProtected(relation)) {
      key = IsUnitKey(relation.items[expr->column], relation.from);
    } else if (relation.kind == Relation::Kind::kSetOperation && IsProtected(relation)) {
      RelationPtr branch = relation.left;
      while (branch->kind == Relation::Kind::kSetOperation) branch = branch->left;
      key = branch->kind == Relation::Kind::kSelect && IsUnitKey(branch->items[expr->column], branch->from);
    }
  });
  return key;
}

bool Permitter::GroupsByUnit(const Relation& select) const {
  return std::any_of(select.keys.begin(), select.keys.end(),
                     [&](const ExprPtr& key) { return IsUnitKey(key, select.from); });
}

// Says everything that is wrong with a relation of rows that would leave the unit level.
void Permitter::RefuseRows(const Relation& relation) {
  const bool per_unit = relation.kind == Relation::Kind::kSelect && relation.grouped;
  const bool set = relation.kind == Relation::Kind::kSetOperation;
  if (per_unit) {
    findings_.Add({"R04", relation.range,
                   "Grouping by a person's key gives a row for each person; group by dimensions, or aggregate these "
                   "rows in an outer query."});
  } else {
    findings_.Add({"R05", relation.range, "Rows of persons never leave; aggregate them with COUNT, SUM or AVG."});
  }
  if (set) findings_.Add({"R15", relation.range, "Set operations are admitted over aggregated blocks."});
  if (relation.kind == Relation::Kind::kSelect && !set) FlattenSelect(relation);
}

RelationPtr Permitter::ReleaseRelation(const RelationPtr& relation) {
  if (IsProtected(*relation)) {
    RefuseRows(*relation);
    return nullptr;
  }
  switch (relation->kind) {
    case Relation::Kind::kDataset:
    case Relation::Kind::kRelease:
      return relation;
    case Relation::Kind::kSelect:
      return IsProtected(relation->from) ? BuildRelease(*relation) : ReleaseSelect(*relation);
    case Relation::Kind::kSetOperation: {
      auto copy = std::make_shared<Relation>(*relation);
      copy->left = ReleaseRelation(relation->left);
      copy->right = ReleaseRelation(relation->right);
      return copy->left && copy->right ? copy : nullptr;
    }
  }
  return nullptr;
}

// Subqueries inside released expressions are releases of their own.
ExprPtr Permitter::ReleaseExpr(const ExprPtr& expr) {
  if (!expr) return nullptr;
  if (expr->kind == ExprKind::kSubquery && expr->function == kReleasedValue) return expr;
  if (expr->kind == ExprKind::kSubquery) {
    auto copy = CloneExpr(*expr);
    if (IsProtected(*expr->relation)) {
      findings_.Add(
          {"R13", expr->range,
           "A subquery gives released values only: aggregate inside it, and do not test persons' rows for existence."});
      return expr;
    }
    const RelationPtr released = ReleaseRelation(expr->relation);
    if (!released) return expr;
    copy->relation = released;
    for (ExprPtr& arg : copy->args) arg = ReleaseExpr(arg);
    return copy;
  }
  return MapChildren(expr, [this](const ExprPtr& child) { return ReleaseExpr(child); });
}

std::shared_ptr<const From> Permitter::ReleaseFrom(const From& from) {
  auto copy = std::make_shared<From>(from);
  if (from.kind == From::Kind::kSource) {
    copy->source.relation = ReleaseRelation(from.source.relation);
    return copy->source.relation ? copy : nullptr;
  }
  if (from.kind == From::Kind::kJoin) {
    copy->left = ReleaseFrom(*from.left);
    copy->right = ReleaseFrom(*from.right);
    copy->condition = ReleaseExpr(from.condition);
    return copy->left && copy->right ? copy : nullptr;
  }
  return copy;
}

RelationPtr Permitter::ReleaseSelect(const Relation& select) {
  auto copy = std::make_shared<Relation>(select);
  const auto from = ReleaseFrom(select.from);
  if (!from) return nullptr;
  copy->from = *from;
  for (ExprPtr& item : copy->items) item = ReleaseExpr(item);
  for (ExprPtr& key : copy->keys) key = ReleaseExpr(key);
  for (OrderItem& item : copy->order) item.expr = ReleaseExpr(item.expr);
  copy->where = ReleaseExpr(select.where);
  copy->having = ReleaseExpr(select.having);
  copy->qualify = ReleaseExpr(select.qualify);
  return copy;
}

namespace {

// Replaces keys, aggregates and GROUPING by columns of the release.
class OverRelease {
 public:
  OverRelease(const Relation& select, int source) : select_(select), source_(source) {}

  ExprPtr operator()(const ExprPtr& expr) {
    if (!expr) return nullptr;
    for (std::size_t i = 0; i < select_.keys.size(); ++i) {
      if (SameExpr(select_.keys[i], expr)) return MakeColumn(source_, static_cast<int>(i), expr->type, expr->range);
    }
    if (expr->kind == ExprKind::kAggregate) return Reference(expr, aggregates, select_.keys.size());
    if (expr->kind == ExprKind::kGrouping) return Reference(expr, groupings, kGroupingBase);
    return MapChildren(expr, [this](const ExprPtr& child) { return (*this)(child); });
  }

  static constexpr std::size_t kGroupingBase = 1 << 20;  // no column yet: Place() knows where they are
  std::vector<ExprPtr> aggregates;
  std::vector<ExprPtr> groupings;

 private:
  ExprPtr Reference(const ExprPtr& expr, std::vector<ExprPtr>& known, std::size_t base) {
    std::size_t i = 0;
    while (i < known.size() && !SameExpr(known[i], expr)) ++i;
    if (i == known.size()) known.push_back(expr);
    return MakeColumn(source_, static_cast<int>(base + i), expr->type, expr->range);
  }

  const Relation& select_;
  int source_;
};

// Puts what stands for the aggregates and groupings in the place of their numbers.
ExprPtr Place(const ExprPtr& expr, int source, std::size_t keys, const std::vector<ExprPtr>& aggregates,
              const std::vector<ExprPtr>& groupings) {
  if (!expr) return nullptr;
  if (!IsColumn(expr) || expr->source != source) {
    return MapChildren(expr,
                       [&](const ExprPtr& child) { return Place(child, source, keys, aggregates, groupings); });
  }
  const auto column = static_cast<std::size_t>(expr->column);
  if (column >= OverRelease::kGroupingBase) return groupings[column - OverRelease::kGroupingBase];
  return column < keys ? expr : aggregates[column - keys];
}

void ForEachPostExpr(Relation& post, const std::function<void(ExprPtr&)>& visit) {
  for (ExprPtr& item : post.items) visit(item);
  for (OrderItem& item : post.order) visit(item.expr);
  if (post.where) visit(post.where);
  if (post.qualify) visit(post.qualify);
}

}  // namespace

// Released values beside persons' rows are constants: SELECT ..., t.a FROM patients, t GROUP BY hospital, t.a
Relation Permitter::WithReleasedRows(const Relation& select) const {
  const std::function<ExprPtr(const ExprPtr&)> put = [&](const ExprPtr& expr) -> ExprPtr {
    if (!expr) return nullptr;
    if (!IsColumn(expr)) return MapChildren(expr, put);
    const auto known = inlined_.find(expr->source);
    if (known == inlined_.end()) return expr;
    const ExprPtr& value = known->second[expr->column];
    return value->kind == ExprKind::kSubquery && value->function == kReleasedValue ? value : expr;
  };
  Relation copy = select;
  ForEachPostExpr(copy, [&](ExprPtr& expr) { expr = put(expr); });
  copy.having = put(copy.having);
  if (!copy.sets.empty()) return copy;
  std::erase_if(copy.keys, [&](const ExprPtr& key) { return put(key)->kind == ExprKind::kSubquery; });
  return copy;
}

void Permitter::ReleaseKeys(const Relation& select, Release& release, Relation& relation) {
  for (const ExprPtr& key : select.keys) {
    const ExprPtr inlined = Inline(key);
    if (!inlined || !scope_.CheckKey(inlined)) continue;
    release.keys.push_back(inlined);
    relation.columns.push_back({"k" + std::to_string(release.keys.size()), inlined->type});
  }
}

// What stands above the release for each of the aggregates; null after a finding.
std::vector<ExprPtr> Permitter::ReleaseAggregates(const std::vector<ExprPtr>& aggregates, Release& release,
                                                  Relation& relation, From& from) {
  std::vector<ExprPtr> out;
  std::size_t conditions = 0;
  for (const ExprPtr& aggregate : aggregates) {
    out.push_back(aggregate);
    const ExprPtr inlined = Inline(aggregate);
    if (!inlined) continue;
    if (scope_.is_noisy()) {
      if (!release.limits) continue;
    } else if (CountsValues(inlined)) {
      if (ExprPtr count = AddValueCount(*inlined, release, from)) out.back() = count;
      continue;
    }
    const auto checked = release.limits ? scope_.CheckNoisyAggregate(*inlined, *release.limits)
                                        : scope_.CheckAggregate(*inlined, *release.block);
    if (!checked) continue;
    conditions += checked->conditions.size();
    release.aggregates.push_back(*checked);
    out.back() = MakeColumn(FirstSource(from), static_cast<int>(relation.columns.size()), aggregate->type,
                            aggregate->range);
    relation.columns.push_back({"a" + std::to_string(release.aggregates.size()), checked->type});
  }
  if (conditions > kConditionsMax) {
    findings_.Add({"R23", relation.range,
                   "A block has at most " + std::to_string(kConditionsMax) +
                       " conditions inside aggregates; group by them instead."});
  }
  return out;
}

RelationPtr Permitter::BuildRelease(const Relation& written) {
  const std::size_t before = findings_.size();
  const std::size_t constants = constants_.size();
  auto block = FlattenRows(written);
  if (!block) return nullptr;
  const Relation select = WithReleasedRows(written);
  const int source = bound_.NewSourceId();
  auto release = std::make_shared<Release>();
  auto relation = std::make_shared<Relation>();
  relation->kind = Relation::Kind::kRelease;
  relation->range = select.range;
  relation->constants.assign(constants_.begin() + static_cast<std::ptrdiff_t>(constants), constants_.end());
  constants_.resize(constants);
  release->block = block;
  release->sets = select.sets;

  auto post = std::make_shared<Relation>(select);
  post->grouped = false;
  post->keys.clear();
  post->sets.clear();
  post->having = nullptr;
  post->where = select.having;  // HAVING sees released values (R16)
  post->from = From{};
  post->from.kind = From::Kind::kSource;
  post->from.source = {source, relation, "", false, select.range};
  OverRelease over(select, source);
  ForEachPostExpr(*post, [&](ExprPtr& expr) { expr = over(expr); });
  ReleaseKeys(select, *release, *relation);
  if (scope_.is_noisy()) release->limits = LimitsOf(*block, release->keys, select);
  const std::vector<ExprPtr> aggregates = ReleaseAggregates(over.aggregates, *release, *relation, post->from);
  if (findings_.size() == before && !scope_.is_noisy()) scope_.CheckChosenValues(*release);
  std::vector<ExprPtr> groupings;
  for (const ExprPtr& grouping : over.groupings) {
    std::vector<ExprPtr> args;
    for (const ExprPtr& arg : grouping->args) args.push_back(Inline(arg));
    release->groupings.push_back(std::move(args));
    groupings.push_back(MakeColumn(source, static_cast<int>(relation->columns.size()), kBigintType, grouping->range));
    relation->columns.push_back({"g" + std::to_string(release->groupings.size()), kBigintType});
  }
  if (findings_.size() != before) return nullptr;
  ForEachPostExpr(*post, [&](ExprPtr& expr) {
    expr = ReleaseExpr(Place(expr, source, select.keys.size(), aggregates, groupings));
  });
  if (findings_.size() != before) return nullptr;
  relation->release = release;
  built_[release.get()] = release;
  return post;
}

}  // namespace cloister::sql
