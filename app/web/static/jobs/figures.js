// What an evaluation measures, in words and with its unit: on the way of a training, and by itself.

const TITLES = { // by name
  frechet: "Frechet distance", kernel: "Kernel distance", kernel_std: "Kernel distance's spread",
  pixel_std: "Diversity", feature_distance: "Feature spread", plain: "There and back", total: "Bound",
};
const UNITS = { // by name, or by line where all of it has the same
  kernel: "x 100", kernel_std: "x 100", top1: "share",
  pixel_std: "grey levels", feature_distance: "0 to 2", cycle: "grey levels", flagged: "share", other_flagged: "share",
};

export function titleOf(name) {
  return TITLES[name] ?? name.replaceAll("_", " ");
}

/** The words with the figure's unit, where it has one. */
export function withUnit(words, line, name) {
  return [words, UNITS[name] ?? UNITS[line]].filter(Boolean).join(", ");
}
