#include "agreement/charge.h"

#include "agreement/fields.h"

namespace cloister::agreement {
namespace {

Result<Charge> DecodeCharge(const codec::Json& json, const std::string& where) {
  codec::ObjectReader in(json, where);
  Charge charge{.dataset = ReadDatasetId(in, "dataset")};
  charge.runs = in.Integer("runs", 0, kRunsMax);
  charge.epsilon = in.Number("epsilon", 0, kEpsilonMax);
  charge.delta = in.Number("delta", 0, 1);
  charge.rho = in.OptionalNumber("rho", 0, kRhoMax).value_or(0);
  if (in.Has("rho") && charge.rho == 0) in.Fail("rho", "must be above 0, or absent");
  CLOISTER_TRY(in.Finish());
  return charge;
}

}  // namespace

codec::Json EncodeCharges(const std::vector<Charge>& charges) {
  codec::JsonArray array;
  for (const Charge& charge : charges) {
    codec::JsonObject json;
    json["dataset"] = charge.dataset.str();
    json["runs"] = charge.runs;
    json["epsilon"] = charge.epsilon;
    json["delta"] = charge.delta;
    if (charge.rho > 0) json["rho"] = charge.rho;
    array.push_back(std::move(json));
  }
  return array;
}

Result<std::vector<Charge>> DecodeCharges(const codec::JsonArray& array, const std::string& where) {
  if (array.size() > kQueryDatasetsMax) {
    return InvalidArgument(where + " must not have more than " + std::to_string(kQueryDatasetsMax) + " items");
  }
  std::vector<Charge> charges;
  for (std::size_t i = 0; i < array.size(); ++i) {
    CLOISTER_ASSIGN(Charge charge, DecodeCharge(array[i], where + "[" + std::to_string(i) + "]"));
    charges.push_back(std::move(charge));
  }
  if (!StrictlyAscending(charges, [](const Charge& charge) { return charge.dataset; })) {
    return InvalidArgument(where + " must be sorted by dataset, none twice");
  }
  return charges;
}

}  // namespace cloister::agreement
