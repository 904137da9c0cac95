using MeshGrains.Grains;
using MeshGrains.Testing;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;

namespace MeshGrains.Silo.Tests;

/// <summary>What a caller learns of a failure on another silo.</summary>
public sealed class FailureTests
{
    [Fact]
    public async Task A_failure_of_ours_keeps_its_words_on_the_way_to_another_silo()
    {
        using var folder = new TempDirectory();
        await using var silo = await RunningSilo.StartUnreadyAsync(folder.File("data"));
        var serializer = silo.Services.GetRequiredService<Serializer>();

        foreach (var failure in new Exception[] { new RecordKeyUnavailableException(), new RecordConflictException("entry/x", "somebody was first."), new IssuanceLogUnavailableException("away") })
        {
            var received = serializer.Deserialize<Exception>(serializer.SerializeToArray(failure))!;

            Assert.Equal(failure.GetType(), received.GetType());
            Assert.Equal(failure.Message, received.Message);
        }
    }
}
