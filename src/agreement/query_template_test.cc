#include "agreement/query_template.h"

#include <gtest/gtest.h>

namespace cloister::agreement {
namespace {

Result<QueryTemplate> Decode(std::string_view text) { return DecodeQueryTemplate(*codec::ParseJson(text), "template"); }

std::string Problem(std::string_view text) {
  const auto known = Decode(text);
  return known ? "accepted" : known.error().public_message;
}

constexpr std::string_view kByWard =
    R"j({"name":"by ward","text":"SELECT ward, COUNT(*) FROM visits WHERE visits >= $n AND day >= $since GROUP BY ward",
         "parameters":{"n":{"min":0,"max":20,"step":5},"since":{"earliest":"2020-01-01","latest":"2026-12-31"},
                       "ward":{"values":["north","south",3,true]}}})j";

std::string Obstacle(std::string_view text, std::string_view parameters) {
  return TemplateObstacle({*Decode(kByWard)}, text, codec::ParseJson(parameters)->get_object()).value_or("admitted");
}

constexpr std::string_view kText =
    "SELECT ward, COUNT(*) FROM visits WHERE visits >= $n AND day >= $since GROUP BY ward";

TEST(QueryTemplate, IsAdmittedWordForWordWithParametersInTheirRanges) {
  EXPECT_EQ(Obstacle(kText, R"({"n":10,"since":"2021-02-28","ward":"north"})"), "admitted");
  EXPECT_EQ(Obstacle("\n  " + std::string(kText) + "\n", R"({"n":0,"since":"2020-01-01","ward":3})"), "admitted");
  EXPECT_EQ(Obstacle(std::string(kText) + " LIMIT 1", R"({"n":10,"since":"2021-02-28","ward":"north"})"),
            "the owner allows these templates only, word for word: by ward");
  EXPECT_EQ(TemplateObstacle({}, kText, {}), "the owner allows templates only, and has written none");
}

TEST(QueryTemplate, AParameterOutsideOfItsRangeIsNamedWithTheRange) {
  EXPECT_EQ(Obstacle(kText, R"({"n":21,"since":"2021-02-28","ward":"north"})"),
            "the template 'by ward' admits for 'n' a number from 0 to 20 in steps of 5");
  EXPECT_NE(Obstacle(kText, R"({"n":7,"since":"2021-02-28","ward":"north"})"), "admitted");
  EXPECT_NE(Obstacle(kText, R"({"n":"5","since":"2021-02-28","ward":"north"})"), "admitted");
  EXPECT_EQ(Obstacle(kText, R"({"n":5,"since":"2019-12-31","ward":"north"})"),
            "the template 'by ward' admits for 'since' a date from 2020-01-01 to 2026-12-31");
  EXPECT_NE(Obstacle(kText, R"({"n":5,"since":"2021-02-30","ward":"north"})"), "admitted");
  EXPECT_NE(Obstacle(kText, R"({"n":5,"since":"2021-2-3","ward":"north"})"), "admitted");
  EXPECT_EQ(Obstacle(kText, R"({"n":5,"since":"2021-02-03","ward":"west"})"),
            R"(the template 'by ward' admits for 'ward' one of ["north","south",3,true])");
  EXPECT_EQ(Obstacle(kText, R"({"n":5,"since":"2021-02-03"})"), "the template 'by ward' needs the parameter 'ward'");
  EXPECT_EQ(Obstacle(kText, R"({"n":5,"since":"2021-02-03","ward":true,"more":1})"),
            "the template 'by ward' has no parameter 'more'");
}

TEST(QueryTemplate, DecimalStepsAreMetWithinTheRoundingOfDoubles) {
  const auto known = Decode(R"j({"name":"t","text":"SELECT $x","parameters":{"x":{"min":0,"max":1,"step":0.1}}})j");
  ASSERT_TRUE(known);
  for (int i = 0; i <= 10; ++i) EXPECT_TRUE(known->parameters.at("x").Admits(codec::Json(i / 10.0))) << i;
  EXPECT_FALSE(known->parameters.at("x").Admits(codec::Json(0.15)));
}

TEST(QueryTemplate, ReadsBackAsItself) {
  const auto known = Decode(kByWard);
  ASSERT_TRUE(known) << known.error().public_message;
  const auto again = DecodeQueryTemplate(EncodeQueryTemplate(*known), "template");
  ASSERT_TRUE(again) << again.error().public_message;
  EXPECT_EQ(*again, *known);
}

TEST(QueryTemplate, RefusalsNameTheMember) {
  EXPECT_EQ(Problem(R"j({"text":"SELECT 1"})j"), "template.name is missing");
  EXPECT_EQ(Problem(R"j({"name":"a","text":"SELECT 1","parameters":{"x":{"min":2,"max":1}}})j"),
            "template.parameters.x.max must not be less than min");
  EXPECT_EQ(Problem(R"j({"name":"a","text":"SELECT 1","parameters":{"x":{"min":1,"max":2,"values":[1]}}})j"),
            "template.parameters.x.min is not known here");
  EXPECT_EQ(Problem(R"j({"name":"a","text":"SELECT 1","parameters":{"x":{"values":[null]}}})j"),
            "template.parameters.x.values must hold short texts, numbers and booleans");
  EXPECT_EQ(Problem(R"j({"name":"a","text":"SELECT 1",
                         "parameters":{"x":{"earliest":"2020-13-01","latest":"2021-01-01"}}})j"),
            "template.parameters.x.earliest must be a date such as 2026-11-22");
}

}  // namespace
}  // namespace cloister::agreement
