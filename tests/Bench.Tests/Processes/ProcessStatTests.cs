namespace MeshGrains.Bench.Tests;

public sealed class ProcessStatTests
{
    [Fact]
    public void Cpu_time_is_read_past_a_name_with_blanks_and_parentheses()
        => Assert.Equal(1.75, ProcessStat.ParseCpuSeconds("42 (a (b) c) S 1 42 42 0 -1 4194304 1 0 0 0 150 25 0 0 20 0 1 0 100"));

    [Fact]
    public void The_machines_time_is_all_that_is_neither_idle_nor_waiting()
        => Assert.Equal(1.5, ProcessStat.ParseMachineCpuSeconds("cpu  100 10 20 5000 70 5 6 9 50 0\ncpu0 1 1 1 1\n"));

    [Fact]
    public void Resident_memory_is_read_in_megabytes()
        => Assert.Equal(2, ProcessStat.ParseResidentMegabytes("Name:\tx\nVmPeak:\t 9000 kB\nVmRSS:\t    2048 kB\n"));

    [Fact]
    public void This_process_has_memory_and_has_used_time()
    {
        Assert.True(ProcessStat.ResidentMegabytes(Environment.ProcessId) > 1);
        Assert.True(ProcessStat.CpuSeconds(Environment.ProcessId) > 0);
    }
}
