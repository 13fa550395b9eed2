// Precompiled for every test: what each of them includes first. (No `#pragma once`: g++ warns of it
// in a header that it compiles by itself.)

#include "coroutine_test.hpp"

#include <lariat/runtime/lariat.hpp>
