"""Muon: momentum, then the nearest orthogonal matrix as the step. For matrices inside the blocks; AdamW takes the rest.

A step costs more than AdamW's (here a fifth of the time) and is known to need fewer tokens for the same loss; AdamW alone was not
tried here.
"""

import torch

# Quintics that push all singular values towards one, best taken in this order ("Polar Express", arXiv 2505.16932).
# Four are enough for a step; in 32-bit floats, which on CPUs without AMX are faster than bfloat16 (measured: 130 against
# 80 GFLOP/s).
QUINTICS = (
    (8.28721201814563, -23.595886519098837, 17.300387312530933),
    (4.107059111542203, -2.9478499167379106, 0.5448431082926601),
    (3.9486908534822946, -2.908902115962949, 0.5518191394370137),
    (3.3184196573706015, -2.488488024314874, 0.51004894012372),
)
NORM_MARGIN = 1.02  # the quintics need singular values of at most one


def orthogonalise(matrix: torch.Tensor) -> torch.Tensor:
    x = matrix / (matrix.norm() * NORM_MARGIN + 1e-7)
    tall = x.shape[0] > x.shape[1]
    if tall:
        x = x.T
    for a, b, c in QUINTICS:
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return x.T if tall else x


class Muon(torch.optim.Optimizer):
    def __init__(self, weights, rate: float, momentum: float = 0.95, decay: float = 0.02):
        super().__init__(weights, dict(lr=rate, momentum=momentum, decay=decay))

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if "average" not in state:
                    state["average"] = torch.zeros_like(weight)
                average = state["average"].lerp_(weight.grad, 1 - group["momentum"])
                step = orthogonalise(weight.grad.lerp(average, group["momentum"]))
                scale = max(1.0, weight.shape[0] / weight.shape[1]) ** 0.5
                weight.mul_(1 - group["lr"] * group["decay"])
                weight.add_(step, alpha=-group["lr"] * scale)
