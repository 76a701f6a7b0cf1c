"""Both networks under the same prices, and the firing rate at which they cost the same."""

from hwsim.alternatives.activity import spikes_per_synapse
from hwsim.alternatives.ann_memory import ann_j
from hwsim.alternatives.snn_memory import snn_energy
from hwsim.alternatives.split import SplitEnergy
from hwsim.alternatives.workload import Workload
from hwsim.chips.devices import Device, load_device
from hwsim.engine.trace import Trace
from hwsim.errors import ChipError
from hwsim.report.alternatives import PricedPair

HOST_NOTE = (
    "The first linear operation is on real values: the host's multiply-accumulates, once per "
    "inference for a still input and once per step for a sequence, count in full on both sides."
)
ANN_NOTE = (
    "The ANN runs once per inference, on a sequence too, and none of its zero activations is "
    "skipped. The break-even scales the spikes of all layers together."
)
ARITHMETIC_NOTE = (
    "Additions and multiplications alone: one multiply-accumulate per synapse of the ANN, one "
    "addition per synaptic operation of the SNN, zero weights included on both sides. Memory, "
    "data movement, neuron updates and static power aren't in it, and on a chip they dominate."
)
PAYLOAD_NOTE = "Events of a graded input cost a multiply-accumulate per synapse."
MEMORY_NOTE = (
    "Arithmetic, addressing and memory accesses by memory size, one memory per layer and kind of "
    "data, 32-bit words at the price of a 64-bit read. SNN: per synaptic operation a weight read, "
    "a potential read and written; per neuron and step each state read and written, and its leak; "
    "messages through queues of 1000. ANN: inputs and weights read, outputs written; partial sums "
    "stay in a register. Not in it: memory of the host's operation, DRAM, control, static power."
)


def priced_pairs(trace: Trace) -> tuple[PricedPair, ...]:
    """45 nm arithmetic in float32 and in int8, and 45 nm with memory.

    The break-even scales the activity of all layers together and leaves the ANN, the host and the
    neuron updates as they are; see `SplitEnergy.break_even`.

    Raises:
        SimulationError: the trace holds no counts per neuron.
        ChipError: a device file is damaged.
    """
    return (
        arithmetic_pair(trace, load_device("cmos45-float32")),
        arithmetic_pair(trace, load_device("cmos45-int8")),
        memory_pair(trace, load_device("cmos45-memory")),
    )


def arithmetic_pair(trace: Trace, device: Device) -> PricedPair:
    """Prices plain operation counts.

        ANN = (host MACs + synapses) * mac
        SNN = host MACs * mac + synops * synop + payload synops * mac + updates * update

    Raises:
        ChipError: the device has no price for a multiply-accumulate.
    """
    work, prices = Workload.of(trace), device.energy
    if prices.energy_per_mac_j is None:
        raise ChipError(
            f"device '{device.name}': no energy_per_mac_j, so it can't price an ANN. Add it to the "
            "device file."
        )
    mac, synop = prices.energy_per_mac_j.value, prices.energy_per_synop_j.value
    snn = SplitEnergy(
        fixed=work.host_macs * mac + work.updates * prices.energy_per_update_j.value,
        moving=work.synops * synop + work.payload_synops * mac,
        moving_at_one=work.synapses * synop,
    )
    payload = f" {PAYLOAD_NOTE}" if work.payload_synops else ""
    return _pair(
        trace,
        device,
        (work.host_macs + work.synapses) * mac,
        snn,
        f"{ARITHMETIC_NOTE} {ANN_NOTE}{payload}",
    )


def memory_pair(trace: Trace, device: Device) -> PricedPair:
    """With memory accesses and addressing, after Lemaire et al. 2022; see `ann_j` and `snn_energy`.

    Raises:
        ChipError: the device has no memory model.
    """
    return _pair(
        trace, device, ann_j(trace, device), snn_energy(trace, device), f"{MEMORY_NOTE} {ANN_NOTE}"
    )


def _pair(trace: Trace, device: Device, ann: float, snn: SplitEnergy, note: str) -> PricedPair:
    host = trace.graph.host
    priced = device.energy.energy_per_mac_j or device.energy.energy_per_synop_j
    return PricedPair(
        prices=device.title,
        ann_j=ann,
        snn_j=snn.total,
        break_even=snn.break_even(ann, spikes_per_synapse(trace)),
        note=f"{note} {HOST_NOTE}" if host is not None and host.macs else note,
        source=device.sources[priced.source].citation,
    )
