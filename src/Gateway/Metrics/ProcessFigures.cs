using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace MeshGrains.Gateway.Metrics;

/// <summary>The figures that every Prometheus client library tells about its process, under their usual names.</summary>
internal static class ProcessFigures
{
    public static void Append(StringBuilder text)
    {
        using var process = Process.GetCurrentProcess();
        var started = new DateTimeOffset(process.StartTime.ToUniversalTime()).ToUnixTimeMilliseconds() / 1000.0;
        One(text, "process_cpu_seconds_total", "User and system CPU time spent, in seconds.", MetricKind.Counter, process.TotalProcessorTime.TotalSeconds);
        One(text, "process_resident_memory_bytes", "Resident memory, in bytes.", MetricKind.Gauge, process.WorkingSet64);
        One(text, "process_start_time_seconds", "Start of the process, in seconds since 1970.", MetricKind.Gauge, started);
        One(text, "process_num_threads", "Threads of the process.", MetricKind.Gauge, process.Threads.Count);
        if (Directory.Exists("/proc/self/fd"))
        {
            One(text, "process_open_fds", "Open file descriptors.", MetricKind.Gauge, Directory.EnumerateFileSystemEntries("/proc/self/fd").Count());
        }

        PrometheusText.Head(text, "dotnet_collection_count_total", "Garbage collections, by generation.", MetricKind.Counter);
        for (var generation = 0; generation <= GC.MaxGeneration; generation++)
        {
            var labels = $"generation=\"{generation.ToString(CultureInfo.InvariantCulture)}\"";
            PrometheusText.Sample(text, "dotnet_collection_count_total", labels, GC.CollectionCount(generation));
        }

        One(text, "dotnet_total_memory_bytes", "Memory of the managed heap, in bytes.", MetricKind.Gauge, GC.GetTotalMemory(forceFullCollection: false));
        One(text, "dotnet_gc_allocated_bytes_total", "Bytes allocated on the managed heap since the start.", MetricKind.Counter, GC.GetTotalAllocatedBytes());
        One(text, "dotnet_gc_pause_seconds_total", "Time that garbage collections stopped the process, in seconds.", MetricKind.Counter, GC.GetTotalPauseDuration().TotalSeconds);
        One(text, "dotnet_threadpool_queue_length", "Work waiting for a thread of the pool.", MetricKind.Gauge, ThreadPool.PendingWorkItemCount);
    }

    private static void One(StringBuilder text, string name, string help, MetricKind kind, double value)
    {
        PrometheusText.Head(text, name, help, kind);
        PrometheusText.Sample(text, name, "", value);
    }
}
