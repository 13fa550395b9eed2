#include <lariat/sched/text/detail/shown_name.hpp>

#ifdef LARIAT_CATCH2_V3
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <string>

using lariat::detail::quoted_name;
using lariat::detail::shown_name;
using namespace std::string_literals;

TEST_CASE("a plain name is shown as it is", "[sched][shown_name]") {
  for (const char* plain :
       {"a", "/var/log/messages", "10.0.0.7:80", "[::1]:80", "pipe:[7]", "it's", "~x",
        "\xc3\xbc"
        "ber",
        "\xe6\x97\xa5", "\xf0\x9f\x90\x8e"}) {
    CHECK(shown_name(plain) == plain);
    CHECK(quoted_name(plain) == '"' + std::string(plain) + '"');
  }
}

TEST_CASE("a name that does not stand out in a sentence is quoted", "[sched][shown_name]") {
  CHECK(shown_name("") == R"("")");
  CHECK(shown_name(" ") == R"(" ")");
  CHECK(shown_name("a b") == R"("a b")");
  CHECK(shown_name("a\"b") == R"("a\"b")");
  CHECK(shown_name("a\\n") == R"("a\\n")");
  CHECK(quoted_name("") == R"("")");
}

TEST_CASE("what does not print is escaped", "[sched][shown_name]") {
  CHECK(shown_name("\0\a\b\t\n\v\f\r"s) == R"("\0\a\b\t\n\v\f\r")");
  CHECK(shown_name("\x1b[2J\x7f") == R"("\x1b[2J\x7f")");
  CHECK(shown_name("\xc2\x9b") == R"("\xc2\x9b")");  // A control sequence in one character.
  CHECK(shown_name("a\xe2\x80\xae"
                   "b") == R"("a\xe2\x80\xaeb")");           // Writes the rest leftwards.
  CHECK(shown_name("\xe2\x80\xa8") == R"("\xe2\x80\xa8")");  // Ends a line.
}

TEST_CASE("bytes that are no UTF-8 are escaped one by one", "[sched][shown_name]") {
  CHECK(shown_name("\xff") == R"("\xff")");
  CHECK(shown_name("\x80") == R"("\x80")");
  CHECK(shown_name("\xc3") == R"("\xc3")");                          // Cut at the end.
  CHECK(shown_name("\xe6\x97x") == R"("\xe6\x97x")");                // Cut within.
  CHECK(shown_name("\xc0\xaf") == R"("\xc0\xaf")");                  // A slash in two bytes.
  CHECK(shown_name("\xe0\x80\xaf") == R"("\xe0\x80\xaf")");          // And in three.
  CHECK(shown_name("\xed\xa0\x80") == R"("\xed\xa0\x80")");          // Half a pair of UTF-16.
  CHECK(shown_name("\xf4\x90\x80\x80") == R"("\xf4\x90\x80\x80")");  // Beyond the last.
  CHECK(shown_name("\xf8\x88\x80\x80\x80") == R"("\xf8\x88\x80\x80\x80")");
}

TEST_CASE("of a long name the middle is left out, between two characters", "[sched][shown_name]") {
  const std::string just(512, 'a');
  CHECK(shown_name(just) == just);
  const std::string half(256, 'a');
  CHECK(shown_name(just + 'b') == '"' + half + "..." + half.substr(1) + "b\" (513 bytes)");
  CHECK(quoted_name(just + 'b') == shown_name(just + 'b'));
  std::string wide;
  for (int i = 0; i < 1000; ++i) wide += "\xe6\x97\xa5";
  for (const std::string& shifted : {wide, 'x' + wide, "xy" + wide}) {
    CHECK(shown_name(shifted).find('\\') == std::string::npos);
    CHECK(shown_name(shifted).size() < 600);
  }
  // No character to be cut: bytes that all continue one.
  CHECK(shown_name(std::string(100'000, '\x80')).size() < 4 * 520);
}
