#include "sql/passes/release_family.h"

#include <algorithm>

namespace cloister::sql {
namespace {

ExprPtr IsTrue(const ExprPtr& expr) {
  return MakeCall("coalesce", {expr, MakeLiteral(Literal::Bool(false))}, kBooleanType, expr->range);
}

ExprPtr And(const std::vector<ExprPtr>& parts) {
  return parts.size() == 1 ? parts[0] : MakeCall("and", parts, kBooleanType, parts[0]->range);
}

ExprPtr AndNot(const ExprPtr& one, const ExprPtr& other) {
  const ExprPtr rest = MakeCall("not", {other}, kBooleanType, other->range);
  return one ? And({one, rest}) : rest;
}

// The rows that each value of an aggregate is made of, as tests of the block's rows; null: all of them.
std::vector<ExprPtr> SelectionsOf(const UnitAggregate& aggregate, const UnitBlock& block,
                                  const std::vector<ExprPtr>& extras) {
  std::vector<ExprPtr> base;
  for (const ExprPtr& extra : extras) base.push_back(IsTrue(extra));
  for (const ExprPtr& skipped : aggregate.skipped) {
    // A unit is never NULL here: such rows are left out.
    const bool unit = std::any_of(block.counters.begin(), block.counters.end(), [&](const UnitCounter& counter) {
      return !counter.optional && SameExpr(counter.unit, skipped->args[0]);
    });
    if (!unit) base.push_back(MakeCall("not", {skipped}, kBooleanType, skipped->range));
  }
  if (aggregate.conditions.empty()) return {base.empty() ? nullptr : And(base)};
  std::vector<ExprPtr> out;
  for (const ExprPtr& condition : aggregate.conditions) {
    std::vector<ExprPtr> parts = base;
    parts.push_back(condition);
    out.push_back(And(parts));
  }
  return out;
}

void AddOnce(std::vector<ExprPtr>& to, const ExprPtr& expr) {
  if (std::none_of(to.begin(), to.end(), [&](const ExprPtr& known) { return SameExpr(known, expr); }))
    to.push_back(expr);
}

}  // namespace

ReleaseFamily::ReleaseFamily(std::vector<FamilyMember> members, std::set<std::string> common)
    : members_(std::move(members)), common_(std::move(common)) {
  for (std::size_t i = 0; i < members_.size(); ++i) {
    for (const ExprPtr& key : members_[i].release->keys) keys_.emplace(members_[i].form->Form(key), Key{i, key});
  }
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const FamilyMember& member = members_[i];
    for (const UnitAggregate& aggregate : member.release->aggregates) {
      for (const ExprPtr& test : SelectionsOf(aggregate, *member.release->block, member.extras)) Select(i, test);
    }
    // Groups alone show that somebody is in them.
    if (member.release->aggregates.empty()) Select(i, member.extras.empty() ? nullptr : IsTrue(And(member.extras)));
  }
}

bool ReleaseFamily::HasAllKeys(const FamilyMember& member) const {
  std::set<std::string> own;
  for (const ExprPtr& key : member.release->keys) own.insert(member.form->Form(key));
  return member.release->sets.empty() && own.size() == keys_.size();
}

void ReleaseFamily::Select(std::size_t owner, const ExprPtr& test) {
  const bool whole = HasAllKeys(members_[owner]);
  std::string form = test ? members_[owner].form->Form(test) : "";
  const bool known = std::any_of(selections_.begin(), selections_.end(), [&](const Selection& selection) {
    return selection.form == form && selection.whole == whole;
  });
  if (!known) selections_.push_back({owner, whole, std::move(form), test});
}

// The extras of a block are its own filters, so its rows need no test for them.
bool ReleaseFamily::GuardDifferences(std::size_t index) {
  const FamilyMember& member = members_[index];
  for (UnitAggregate& aggregate : member.release->aggregates) {
    for (const ExprPtr& own : SelectionsOf(aggregate, *member.release->block, {})) {
      for (const Selection& other : selections_) {
        if (!other.whole || !other.test || other.owner == index) continue;
        const ExprPtr moved = members_[other.owner].form->Move(other.test, *member.form);
        if (!moved) return false;
        AddOnce(aggregate.differences, AndNot(own, moved));
      }
    }
  }
  return true;
}

bool ReleaseFamily::AttachFinest(const FamilyMember& member) {
  auto finest = std::make_shared<FinestGroups>();
  auto block = std::make_shared<UnitBlock>(*member.release->block);
  std::erase_if(block->where, [&](const ExprPtr& test) { return !common_.contains(member.form->Form(test)); });
  finest->block = block;
  for (const auto& [form, key] : keys_) {
    const ExprPtr moved = members_[key.owner].form->Move(key.expr, *member.form);
    if (!moved) return false;
    finest->keys.push_back(moved);
  }
  for (const Selection& selection : selections_) {
    if (!selection.test) continue;
    const ExprPtr moved = members_[selection.owner].form->Move(selection.test, *member.form);
    if (!moved) return false;
    AddOnce(finest->conditions, moved);
  }
  member.release->finest = std::move(finest);
  return true;
}

bool ReleaseFamily::Guard() {
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const bool fine = HasAllKeys(members_[i]) ? GuardDifferences(i) : AttachFinest(members_[i]);
    if (!fine) return false;
  }
  return true;
}

}  // namespace cloister::sql
