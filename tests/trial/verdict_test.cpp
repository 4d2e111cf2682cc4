#include "rig/trial/verdict.hpp"

#include <gmock/gmock.h>

namespace lockrig::trial {
namespace {

Answer answer(std::string question, Outcome outcome, Verdict harm = Verdict::degraded) {
  Answer a;
  a.question = std::move(question);
  a.outcome = outcome;
  a.harm = harm;
  return a;
}

TEST(Verdict, its_name_leads_back_to_it) {
  for (const Verdict verdict :
       {Verdict::recovered, Verdict::recovered_late, Verdict::degraded,
        Verdict::bricked, Verdict::unsafe, Verdict::inconclusive}) {
    EXPECT_EQ(verdict_from(to_string(verdict)), verdict);
  }
  EXPECT_EQ(verdict_from("Recovered"), std::nullopt);
  EXPECT_EQ(verdict_from(""), std::nullopt);
}

TEST(Judge, all_that_was_asked_and_held_is_recovered) {
  EXPECT_EQ(judge({answer("boots", Outcome::ok), answer("locks", Outcome::not_asked)}),
            Verdict::recovered);
}

TEST(Judge, nothing_asked_is_inconclusive) {
  EXPECT_EQ(judge({}), Verdict::inconclusive);
  EXPECT_EQ(judge({answer("boots", Outcome::not_asked)}), Verdict::inconclusive);
}

TEST(Judge, one_question_the_rig_could_not_look_at_makes_it_inconclusive) {
  EXPECT_EQ(
      judge({answer("boots", Outcome::ok), answer("locks", Outcome::could_not_look)}),
      Verdict::inconclusive);
}

TEST(Judge, a_definite_failure_outranks_what_could_not_be_seen) {
  EXPECT_EQ(judge({answer("locks", Outcome::could_not_look, Verdict::unsafe),
                   answer("checks_in", Outcome::failed, Verdict::degraded)}),
            Verdict::degraded);
}

TEST(Judge, the_worse_harm_stands_in_either_order) {
  const Verdict rising[] = {Verdict::recovered_late, Verdict::degraded,
                            Verdict::bricked, Verdict::unsafe};
  for (std::size_t worse = 1; worse < std::size(rising); ++worse) {
    const Answer a = answer("a", Outcome::failed, rising[worse - 1]);
    const Answer b = answer("b", Outcome::failed, rising[worse]);
    EXPECT_EQ(judge({a, b}), rising[worse]);
    EXPECT_EQ(judge({b, a}), rising[worse]);
  }
}

TEST(Judge, the_harm_of_a_question_that_held_does_not_count) {
  EXPECT_EQ(judge({answer("bolt_still", Outcome::ok, Verdict::unsafe),
                   answer("boots_unaided", Outcome::failed, Verdict::recovered_late)}),
            Verdict::recovered_late);
}

TEST(Lost, names_what_failed_and_nothing_else) {
  EXPECT_THAT(lost({answer("boots", Outcome::ok), answer("checks_in", Outcome::failed),
                    answer("locks", Outcome::could_not_look),
                    answer("updates", Outcome::failed)}),
              testing::ElementsAre("checks_in", "updates"));
}

}  // namespace
}  // namespace lockrig::trial
