#include "agreement/charge.h"

#include <gtest/gtest.h>

#include "agreement/people_for_test.h"

namespace cloister::agreement {
namespace {

Result<std::vector<Charge>> Decode(std::string_view text) {
  const auto json = codec::ParseJson(text);
  return DecodeCharges(json.value().as_array(), "charges");
}

TEST(Charge, NamesGaussianNoiseOnlyWhereThereIsSome) {
  Charge charge{.dataset = for_test::Dataset('1'), .runs = 1, .epsilon = 0.5, .delta = 1e-6};
  EXPECT_EQ(codec::CanonicalJson(EncodeCharges({charge})),
            R"([{"dataset":"ds_00000000000000000000000001","delta":0.000001,"epsilon":0.5,"runs":1}])");
  charge.rho = 0.005;
  const std::string with_rho = codec::CanonicalJson(EncodeCharges({charge}));
  EXPECT_EQ(with_rho,
            R"([{"dataset":"ds_00000000000000000000000001","delta":0.000001,"epsilon":0.5,"rho":0.005,"runs":1}])");
  EXPECT_EQ(Decode(with_rho).value(), std::vector<Charge>{charge});
}

TEST(Charge, HasOneSpellingAndLimits) {
  const auto with = [](const std::string& members) {
    return Decode(R"([{"dataset":"ds_00000000000000000000000001","runs":1,)" + members + "}]").has_value();
  };
  EXPECT_TRUE(with(R"("epsilon":0,"delta":0)"));
  EXPECT_FALSE(with(R"("epsilon":0,"delta":0,"rho":0)"));
  EXPECT_FALSE(with(R"("epsilon":0,"delta":0,"rho":-1)"));
  EXPECT_FALSE(with(R"("epsilon":1e7,"delta":0)"));
  EXPECT_FALSE(with(R"("epsilon":0,"delta":1.5)"));
  EXPECT_FALSE(with(R"("epsilon":0)"));
}

}  // namespace
}  // namespace cloister::agreement
