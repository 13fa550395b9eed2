#include "fake_loop.hpp"

#include <lariat/sched/text/detail/site_text.hpp>

#include <source_location>
#include <string>

using lariat::detail::function_text;

TEST_CASE("g++ 12's names of coroutines are told as they are in the source", "[sched][site_text]") {
  CHECK(function_text("void serve(serve(int)::_Z5servei.Frame*)") == "serve(int)");
  CHECK(function_text("void ns::tmpl(tmpl<int>(int)::_ZN2ns4tmplIiEE1TT_.Frame*)") ==
        "tmpl<int>(int)");
  CHECK(
      function_text("void ns::cls::operator()(ns::cls::operator()(int)::_ZN2ns3clsclEi.Frame*)") ==
      "ns::cls::operator()(int)");
  CHECK(function_text("void ns::{anonymous}::anon(anon()::_ZN2ns12_GLOBAL__N_14anonEv.Frame*)") ==
        "anon()");
  CHECK(function_text("void main_task()::<lambda()>::operator()(main_task()::<lambda()>::"
                      "_ZZ9main_taskvENKUlvE_clEv.Frame*)") == "main_task()::<lambda()>");
  CHECK(function_text("void f()::<lambda(int, std::string)>::<lambda()>::operator()(f()::<lambda("
                      "int, std::string)>::<lambda()>::_ZZZ1fvENKUlvE_clEv.Frame*)") ==
        "f()::<lambda(int, std::string)>::<lambda()>");
  CHECK(function_text("void f(f()::_Z1fv.Frame*)::<lambda(auto:11)>::operator()(f(f()::_Z1fv.Frame*"
                      ")::<lambda(auto:11)>::_ZZ1fvENKUlT_E1_clIiEE1TS_.Frame*)") ==
        "f()::<lambda(auto)>");
  CHECK(function_text("void<lambda()>::operator()(<lambda()>::_ZNK7in_initMUlvE_clEv.Frame*)") ==
        "<lambda()>");
  CHECK(function_text("void call(call<main()::<lambda()> >(main()::<lambda()>)::_Z4callIZ4mainEUlvE"
                      "_E1TT_.Frame*)") == "call<main()::<lambda()> >(main()::<lambda()>)");
  CHECK(function_text("void main()::<lambda(T (*)(int), int (&)[3])>::operator()(main()::<lambda(T "
                      "(*)(int), int (&)[3])>::_ZZ4mainENKUlvE1_clES1_S3_.Frame*)") ==
        "main()::<lambda(T (*)(int), int (&)[3])>");
}

TEST_CASE("so are clang's", "[sched][site_text]") {
  CHECK(function_text("task<int> serve(int, const std::string &)") ==
        "task<int> serve(int, const std::string &)");
  CHECK(function_text("auto main_task()::(anonymous class)::operator()() const") ==
        "main_task()::<lambda()>");
  CHECK(function_text("auto f()::(anonymous class)::operator()(int, std::string)::(anonymous "
                      "class)::operator()() const") ==
        "f()::<lambda(int, std::string)>::<lambda()>");
  CHECK(function_text("auto f()::(anonymous class)::operator()(auto) const [x:auto = int]") ==
        "f()::<lambda(auto)> [x:auto = int]");
  CHECK(function_text("auto f()::(anonymous class)::operator()(T (*)(int), int (&)[3])") ==
        "f()::<lambda(T (*)(int), int (&)[3])>");
  CHECK(function_text("T ns::(anonymous namespace)::anon()") ==
        "T ns::(anonymous namespace)::anon()");
}

TEST_CASE("what is no such name stays as it is", "[sched][site_text]") {
  for (const char* text :
       {"", "f", "f(", ")", "x.Frame*)", "::_Z.Frame*)", "a)::_Z.Frame*)",
        "(anonymous class)::operator()", "(anonymous class)::operator()(", "auto:", "auto:x"}) {
    CHECK(function_text(text) == text);
  }
}

namespace {

std::string name_in_lambda;
std::string name_in_function;

lariat::task<> named() {
  name_in_function = function_text(std::source_location::current().function_name());
  co_return;
}

}  // namespace

LOOP_TEST_CASE("this compiler's names are as expected", "[sched][site_text]") {
  auto body = []() -> lariat::task<> {
    name_in_lambda = function_text(std::source_location::current().function_name());
    co_return;
  };
  co_await body();
  co_await named();
  CHECK(name_in_lambda.ends_with("::<lambda()>"));
  CHECK(name_in_function.find("named()") != std::string::npos);
  CHECK(name_in_function.find("Frame") == std::string::npos);
}
