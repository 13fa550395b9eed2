#pragma once

#include <cstdlib>

/// The fault that is made in the model, by its number; 0: none. Chosen as the program starts, since
/// compiling a model takes longer than running it.
inline const int mutant = std::getenv("MUTANT") == nullptr ? 0 : std::atoi(std::getenv("MUTANT"));
