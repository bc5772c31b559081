// How much at home a picture is in the domain that it is translated from: the share of held-out pictures of it that
// look no more like it.

const ODD = 0.05; // of pictures of the domain, one in twenty scores that or less

export function isOdd(score) {
  return score !== null && score <= ODD;
}

export function told(score) {
  return score < 0.1 ? score.toFixed(3) : score.toFixed(2);
}
