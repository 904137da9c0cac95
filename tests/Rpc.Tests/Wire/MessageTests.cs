using Google.Protobuf;
using Google.Protobuf.Reflection;
using MeshGrains.Rpc.Envoy.Discovery;

namespace MeshGrains.Rpc.Tests;

public sealed class MessageTests
{
    /// <summary>A message whose code is older cannot be read from a pipe, and takes every message that holds one with it.</summary>
    [Fact]
    public void Every_message_and_every_message_in_it_can_be_read_from_a_pipe()
    {
        var seen = new HashSet<MessageDescriptor>();
        foreach (var type in typeof(DiscoveryRequest).Assembly.GetExportedTypes().Where(type => typeof(IMessage).IsAssignableFrom(type)))
        {
            Visit(((IMessage)Activator.CreateInstance(type)!).Descriptor);
        }

        Assert.Contains(Google.Rpc.Status.Descriptor, seen);
        Assert.Equal([], seen.Where(message => !message.GetOptions()?.MapEntry ?? true).Where(message => !typeof(IBufferMessage).IsAssignableFrom(message.ClrType))
            .Select(message => message.FullName));

        void Visit(MessageDescriptor message)
        {
            if (seen.Add(message))
            {
                foreach (var field in message.Fields.InFieldNumberOrder().Where(field => field.FieldType == FieldType.Message))
                {
                    Visit(field.MessageType);
                }
            }
        }
    }
}
